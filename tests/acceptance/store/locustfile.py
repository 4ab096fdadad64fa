"""Shoppers: plain functions with weights, form posts with made-up addresses, and the faster client."""

import random
from datetime import datetime, timezone

from faker import Faker
from locust import FastHttpUser, TaskSet, between

fake = Faker()
products = ["0PUK6V6EV0", "1YMWWN1N4O", "2ZYFJ3GM2N"]


def index(l):
    l.client.get("/")


def setCurrency(l):
    l.client.post("/currency", {"currency_code": random.choice(["EUR", "USD", "JPY"])})


def browseProduct(l):
    l.client.get("/product/" + random.choice(products))


def viewCart(l):
    l.client.get("/cart")


def addToCart(l):
    product = random.choice(products)
    l.client.get("/product/" + product)
    l.client.post("/cart", {"product_id": product, "quantity": random.randint(1, 10)})


def emptyCart(l):
    l.client.post("/cart/empty")


def checkout(l):
    addToCart(l)
    l.client.post(
        "/cart/checkout",
        {
            "email": fake.email(),
            "street_address": fake.street_address(),
            "zip_code": fake.zipcode(),
            "credit_card_number": fake.credit_card_number(card_type="visa"),
            "credit_card_expiration_year": datetime.now(timezone.utc).year + 1,
        },
    )


class UserBehavior(TaskSet):
    """Everything that a shopper does."""

    def on_start(self):
        index(self)

    tasks = {index: 1, setCurrency: 2, browseProduct: 10, addToCart: 2, viewCart: 3, checkout: 1, emptyCart: 1}


class WebsiteUser(FastHttpUser):
    """A shopper."""

    tasks = [UserBehavior]
    wait_time = between(0.01, 0.1)
