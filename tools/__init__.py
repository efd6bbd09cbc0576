"""What `./run` does before Tocsin itself can start; standard library only."""
