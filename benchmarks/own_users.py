"""Users as people write them, for the benchmark of the recorder: nothing in here knows of Loadstone."""

from locust import FastHttpUser, HttpUser, constant, task


class OwnHttpUser(HttpUser):
    """A user whose client is python-requests."""

    wait_time = constant(0)

    @task
    def get_album(self) -> None:
        """GET /albums/1."""
        self.client.get("/albums/1")


class OwnFastHttpUser(FastHttpUser):
    """A user whose client is geventhttpclient."""

    wait_time = constant(0)

    @task
    def get_album(self) -> None:
        """GET /albums/1."""
        self.client.get("/albums/1")
