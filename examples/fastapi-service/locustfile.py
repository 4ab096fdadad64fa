"""Customers of the shop: they log in once, look at products, and now and then buy something.

It also runs without Loadstone: uvicorn service:app --port 8000, then locust --host http://127.0.0.1:8000
"""

import random

from locust import FastHttpUser, between, task


class Visitor(FastHttpUser):
    """Looks around without an account."""

    weight = 3
    wait_time = between(0.5, 1.5)

    @task(3)
    def browse(self) -> None:
        """Turn a page of the list."""
        self.client.get(f"/products?page={random.randint(1, 5)}", name="/products")

    @task(2)
    def look(self) -> None:
        """Look at one product."""
        self.client.get(f"/products/{random.randint(1, 100)}", name="/products/<id>")


class Customer(FastHttpUser):
    """Logs in and places orders, each in several requests that depend on each other."""

    weight = 1
    wait_time = between(1, 2)

    def on_start(self) -> None:
        """Log in; all later requests carry the token."""
        answer = self.client.post("/login", json={"user": "ann", "password": "secret"})
        self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}

    @task
    def order(self) -> None:
        """Begin an order, add products, pay, and look at it."""
        order = self.client.post("/orders", headers=self.headers).json()["id"]
        for _ in range(random.randint(1, 3)):
            item = {"product": random.randint(1, 100), "quantity": 1}
            self.client.post(f"/orders/{order}/items", json=item, headers=self.headers, name="/orders/<id>/items")
        with self.client.post(
            f"/orders/{order}/payment", headers=self.headers, name="/orders/<id>/payment", catch_response=True
        ) as answer:
            if answer.status_code == 200 and not answer.json()["paid"]:
                answer.failure("not paid")
        self.client.get(f"/orders/{order}", headers=self.headers, name="/orders/<id>")
