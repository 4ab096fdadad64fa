"""Robot buyers: one long task whose requests depend on each other, with ids in the URLs and no names for them."""

import os
import random

from locust import HttpUser, constant, task


class UserBehavior(HttpUser):
    """A buyer without an account."""

    wait_time = constant(0.05)
    fake_ip_addresses = ["156.33.241.5", "192.33.4.12"]

    def on_start(self):
        """Have an address of its own."""
        self.header = {"x-forwarded-for": random.choice(self.fake_ip_addresses)}

    @task
    def buy(self):
        uniqueid = self.client.get("/api/user/uniqueid", headers=self.header).json()["uuid"]
        products = self.client.get("/api/catalogue/products").json()
        cart = None
        for _ in range(2):
            item = None
            while True:
                item = random.choice(products)
                if item["instock"] != 0:
                    break
            if random.randint(1, 10) <= 3:
                self.client.put("/api/ratings/rate/{}/{}".format(item["sku"], random.randint(1, 5)))
            self.client.get("/api/catalogue/product/{}".format(item["sku"]))
            cart = self.client.get("/api/cart/add/{}/{}/1".format(uniqueid, item["sku"])).json()
        order = self.client.post("/api/payment/pay/{}".format(uniqueid), json=cart).json()
        assert order["orderid"] > 0

    @task
    def error(self):
        """Provoke an error, if asked to."""
        if os.environ.get("ERROR") == "1":
            self.client.get("/status/500")
