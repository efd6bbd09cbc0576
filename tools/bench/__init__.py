"""`./run bench`: what Tocsin does in a second, each figure beside the floor measured in the same run."""
