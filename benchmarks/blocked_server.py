"""A server that holds connections open and whose threads wait: `python -m benchmarks.blocked_server PORT THREADS HELD`.

The first connections are held. Half of the threads wait to read from one, half for a lock. Any later connection is
closed at once, which leaves a socket in TIME_WAIT.
"""

import resource
import socket
import sys
import threading


def main() -> None:
    """Serve until the process is ended."""
    port, threads, held = map(int, sys.argv[1:])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    lock = threading.Lock()
    lock.acquire()
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listener:
        while True:
            connection, _ = listener.accept()
            if len(connections) == held:
                connection.close()
                continue
            connections.append(connection)
            number = len(connections)
            if 1 < number <= threads:  # the main thread is one, and the first connection is a test
                wait = (lambda own=connection: own.recv(1)) if number % 2 else lock.acquire
                threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
