"""A service for the locustfiles of this folder: pages with cookies and redirects, forms, an API, and a WebSocket.

Run it with `uvicorn --app-dir tests/acceptance --ws wsproto service:app --port 8000`.
"""

import itertools
import json
import secrets
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

app = FastAPI()
sessions: dict[str, dict[str, Any]] = {}
carts: dict[str, list[str]] = {}
numbers = itertools.count(1)
ROBOTS = [f"R-{n}" for n in range(1, 6)]


async def form(request: Request) -> dict[str, str]:
    """Read form fields."""
    return {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}


def session(request: Request) -> dict[str, Any]:
    """Find the session that the cookie names."""
    found = sessions.get(request.cookies.get("token", ""))
    if found is None:
        raise HTTPException(401, "log in first")
    return found


def see(path: str) -> RedirectResponse:
    """Send the browser to another page."""
    return RedirectResponse(path, status_code=303)


@app.get("/health")
async def health() -> str:
    """Show that the service is ready."""
    return "ok"


# a bank


@app.get("/login")
@app.get("/signup")
async def show_form() -> HTMLResponse:
    """Show an empty form."""
    return HTMLResponse("<form></form>")


@app.post("/login")
@app.post("/signup")
async def enter(request: Request) -> Response:
    """Begin a session, in two redirects."""
    fields = await form(request)
    if not fields.get("username"):
        return HTMLResponse("no name", status_code=400)
    token = secrets.token_hex(8)
    sessions[token] = {"name": fields["username"], "balance": 0}
    answer = see("/welcome")
    answer.set_cookie("token", token)
    return answer


@app.get("/welcome")
async def welcome() -> Response:
    """Lead on to the home page."""
    return see("/home")


@app.get("/home")
async def home(request: Request) -> HTMLResponse:
    """Show the balance."""
    return HTMLResponse(f"<p>{session(request)['balance']}</p>")


@app.post("/deposit")
@app.post("/payment")
async def move_money(request: Request) -> Response:
    """Add to the balance, or take from it."""
    account = session(request)
    amount = int((await form(request))["amount"]) * (1 if request.url.path == "/deposit" else -1)
    if account["balance"] + amount < 0:
        return see("/home?msg=failed")
    account["balance"] += amount
    return see("/home?msg=successful")


@app.post("/logout")
async def leave(request: Request) -> Response:
    """End the session."""
    sessions.pop(request.cookies.get("token", ""), None)
    answer = see("/login")
    answer.delete_cookie("token")
    return answer


# a store


@app.get("/")
async def index() -> HTMLResponse:
    """Show the front page."""
    return HTMLResponse("<h1>Store</h1>")


@app.post("/currency")
async def set_currency(request: Request) -> Response:
    """Choose a currency."""
    return HTMLResponse((await form(request))["currency_code"])


@app.get("/product/{product}")
async def show_product(product: str) -> HTMLResponse:
    """Show a product."""
    return HTMLResponse(f"<h2>{product}</h2>")


@app.get("/cart")
async def show_cart() -> HTMLResponse:
    """Show the cart."""
    return HTMLResponse("<ul></ul>")


@app.post("/cart")
async def add_to_cart(request: Request) -> Response:
    """Add a product, and show the cart."""
    return see("/cart") if (await form(request)).get("product_id") else Response(status_code=422)


@app.post("/cart/empty")
async def empty_cart() -> Response:
    """Empty the cart, and show the front page."""
    return see("/")


@app.post("/cart/checkout")
async def check_out(request: Request) -> Response:
    """Order what is in the cart."""
    fields = await form(request)
    if not {"email", "street_address", "credit_card_number"} <= fields.keys():
        return Response(status_code=422)
    return HTMLResponse("<p>Thank you</p>")


# robots


@app.get("/api/user/uniqueid")
async def unique_id() -> dict[str, str]:
    """Make up an anonymous user."""
    return {"uuid": f"anonymous-{next(numbers)}"}


@app.get("/api/catalogue/products")
async def robots() -> list[dict[str, Any]]:
    """List the robots; the last is sold out."""
    return [{"sku": sku, "instock": int(sku != ROBOTS[-1])} for sku in ROBOTS]


@app.get("/api/catalogue/product/{sku}")
async def robot(sku: str) -> dict[str, str]:
    """Show a robot."""
    return {"sku": sku}


@app.put("/api/ratings/rate/{sku}/{score}")
async def rate(sku: str, score: int) -> dict[str, Any]:
    """Rate a robot."""
    return {"sku": sku, "score": score}


@app.get("/api/cart/add/{user}/{sku}/{number}")
async def add(user: str, sku: str, number: int) -> dict[str, Any]:
    """Add robots to the user's cart."""
    cart = carts.setdefault(user, [])
    cart += [sku] * number
    return {"items": cart}


@app.post("/api/payment/pay/{user}")
async def pay(user: str, request: Request) -> JSONResponse:
    """Pay what is in the cart."""
    if (await request.json())["items"] != carts.pop(user, []):
        return JSONResponse({"error": "another cart"}, status_code=409)
    return JSONResponse({"orderid": next(numbers)})


# odds and ends


@app.get("/words/{word}")
async def word(word: str) -> dict[str, str]:
    """Repeat a word."""
    return {"word": word}


@app.get("/redirect/{times}")
async def redirect(times: int) -> Response:
    """Redirect several times."""
    return see(f"/redirect/{times - 1}") if times else Response("here")


@app.get("/status/{status}")
async def status(status: int) -> Response:
    """Answer with a status."""
    return Response("?", status_code=status)


@app.websocket("/ws/v{version}")
async def talk(socket: WebSocket, version: int) -> None:
    """Answer each message with its number."""
    await socket.accept()
    try:
        while True:
            message = json.loads(await socket.receive_text())
            await socket.send_text(json.dumps({"number": message["number"], "version": version}))
    except WebSocketDisconnect:
        return
