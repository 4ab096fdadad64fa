"""A bank's customers: nested sets of tasks in sequence, sign-up by form, a session in a cookie, redirects."""

from random import choice, randint
from string import ascii_letters

from locust import HttpUser, SequentialTaskSet, TaskSet, between, task


def sign_up_helper(locust, username):
    """Sign up; the token is in a response before the last."""
    userdata = {"username": username, "password": "password", "firstname": username}
    with locust.client.post("/signup", data=userdata, catch_response=True) as response:
        for r_hist in response.history:
            if r_hist.cookies.get("token") is not None:
                response.success()
                locust.client.cookies.update(r_hist.cookies)
                return True
        response.failure("no token in any response")
        return False


def generate_username():
    return "".join(choice(ascii_letters) for _ in range(15))


class AllTasks(SequentialTaskSet):
    """First without an account, then with one, and from the beginning."""

    @task
    class UnauthenticatedTasks(TaskSet):
        """What is possible without an account."""

        @task(5)
        def view_login(self):
            self.client.get("/login")

        @task(5)
        def view_signup(self):
            self.client.get("/signup")

        @task(4)
        def sign_up(self):
            new_username = generate_username()
            if sign_up_helper(self, new_username):
                self.user.username = new_username
                self.interrupt()

    @task
    class AuthenticatedTasks(SequentialTaskSet):
        """What needs the cookie."""

        def on_start(self):
            self.deposit(1_000)

        @task
        def view_home(self):
            with self.client.get("/home", catch_response=True) as response:
                for r_hist in response.history:
                    if 300 < r_hist.status_code < 400:
                        response.failure("not logged in")

        @task
        class Payments(TaskSet):
            """A third level."""

            @task(5)
            def pay(self, amount=None):
                amount = amount or randint(1, 100)
                with self.client.post("/payment", data={"amount": amount}, catch_response=True) as response:
                    if response.url is None or "failed" in response.url:
                        response.failure("payment failed")

            @task(2)
            def back(self):
                self.interrupt(reschedule=False)

        @task
        def look_again(self):
            self.client.get("/home", name="/home (again)")

        @task
        def logout(self):
            self.client.post("/logout")
            self.user.username = None
            self.interrupt()

        def deposit(self, amount):
            self.client.post("/deposit", {"amount": amount})


class WebsiteUser(HttpUser):
    """A customer."""

    tasks = [AllTasks]
    wait_time = between(0.01, 0.1)
    username = None
