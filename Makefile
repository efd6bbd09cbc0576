# For habit only: ./run and ./run test are the two commands.
.PHONY: run test lock

run:
	./run

test:
	./run test

lock:
	tools/lock
