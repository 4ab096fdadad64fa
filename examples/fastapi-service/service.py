"""A small shop: log in, look at products, place an order, pay it. All data are in memory, so use one worker.

Run it with `uvicorn service:app --port 8000`.
"""

import asyncio
import itertools
import secrets
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, Field

PAYMENT_S = 0.02
"""Time that the payment provider takes to answer."""
PRODUCTS = {n: {"id": n, "name": f"Product {n}", "price": 100 + 7 * n} for n in range(1, 101)}

app = FastAPI()
tokens: dict[str, str] = {}
orders: dict[int, dict[str, Any]] = {}
numbers = itertools.count(1)


class Login(BaseModel):
    """Name and password of a customer; each password is accepted."""

    user: str = Field(min_length=1)
    password: str


class Item(BaseModel):
    """A product, and how many of it."""

    product: int
    quantity: int = Field(default=1, ge=1, le=100)


def customer(authorization: Annotated[str, Header()] = "") -> str:
    """Return the name of the customer whose token the request carries."""
    name = tokens.get(authorization.removeprefix("Bearer "))
    if name is None:
        raise HTTPException(401, "log in first")
    return name


Customer = Annotated[str, Depends(customer)]


def order_of(order: int, name: Customer) -> dict[str, Any]:
    """Return an order of the customer."""
    found = orders.get(order)
    if found is None or found["customer"] != name:
        raise HTTPException(404, "you have no such order")
    return found


Order = Annotated[dict[str, Any], Depends(order_of)]


@app.get("/health")
async def health() -> dict[str, str]:
    """Show that the service is ready."""
    return {"status": "ok"}


@app.post("/login")
async def login(given: Login) -> dict[str, str]:
    """Exchange name and password for a token."""
    token = secrets.token_hex(16)
    tokens[token] = given.user
    return {"token": token}


@app.get("/products")
async def list_products(page: int = 1, size: int = 20) -> list[dict[str, Any]]:
    """List one page of the products."""
    return list(PRODUCTS.values())[(page - 1) * size : page * size]


@app.get("/products/{product}")
async def get_product(product: int) -> dict[str, Any]:
    """Show one product."""
    if product not in PRODUCTS:
        raise HTTPException(404, "no such product")
    return PRODUCTS[product]


@app.post("/orders", status_code=201)
async def create_order(name: Customer) -> dict[str, Any]:
    """Begin an order."""
    number = next(numbers)
    orders[number] = {"id": number, "customer": name, "items": [], "paid": False}
    return orders[number]


@app.post("/orders/{order}/items", status_code=201)
async def add_item(found: Order, item: Item) -> dict[str, Any]:
    """Add a product to an order."""
    if item.product not in PRODUCTS:
        raise HTTPException(404, "no such product")
    found["items"].append(item.model_dump())
    return found


@app.post("/orders/{order}/payment")
async def pay(found: Order) -> dict[str, Any]:
    """Pay an order. It must have items, and is paid once."""
    if not found["items"] or found["paid"]:
        raise HTTPException(409, "nothing to pay")
    await asyncio.sleep(PAYMENT_S)
    found["paid"] = True
    return found | {"total": sum(PRODUCTS[item["product"]]["price"] * item["quantity"] for item in found["items"])}


@app.get("/orders/{order}")
async def get_order(found: Order) -> dict[str, Any]:
    """Show an order."""
    return found


@app.middleware("http")
async def name_the_service(request: Request, call_next: Any) -> Response:
    """Add a header to each response, as many services do."""
    response: Response = await call_next(request)
    response.headers["X-Service"] = "shop"
    return response
