"""Signing in to the stack's own user pool as a browser does: the authorisation code flow with PKCE, on the pool's pages."""

import base64
import hashlib
import json
import re
import secrets
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

from cloud import Answer, Stack, private

PASSWORD = private("correct-horse-battery")


def form(stack: Stack, path: str, fields: dict[str, str]) -> Answer:
    """A form sent to the pool's pages, which the emulator has on its own host."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return stack.emulator.request("POST", path, f"localhost:{stack.emulator.port}", headers, urlencode(fields).encode())


def fill(page: Answer, **fields: str) -> dict[str, str]:
    """The page's form, with what it hides."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.body.decode())
    return {name: unescape(value) for name, value in hidden} | fields


def sign_in(stack: Stack, person: str, *scopes: str, password: str = PASSWORD) -> str:
    """The access token that the portal would get for this person, asking for these scopes."""
    client, back = stack.outputs["OidcClientId"], f"{stack.outputs['PortalUrl']}/"
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(8)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": back,
        "scope": " ".join(["openid", "email", *(f"seatkeeper/{scope}" for scope in scopes)]),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    host = f"localhost:{stack.emulator.port}"
    page = stack.emulator.request("GET", f"/oauth2/authorize?{urlencode(asked)}", host, {}, None)
    assert page.status == 200, page
    answer = form(stack, "/login", fill(page, username=private(person), password=password))
    if answer.status == 200 and b"new_password" in answer.body:
        answer = form(stack, "/login", fill(answer, new_password=PASSWORD, confirm_password=PASSWORD))
    assert answer.status == 302, answer
    returned = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith(f"{back}?")
    assert returned["state"] == [state]
    grant = {"grant_type": "authorization_code", "client_id": client, "redirect_uri": back}
    answer = form(stack, "/oauth2/token", grant | {"code": returned["code"][0], "code_verifier": verifier})
    assert answer.status == 200, answer
    return private(answer.json["access_token"])


def claims(token: str) -> dict:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def granted(token: str) -> set[str]:
    """The scopes of ours that a token has, under either name."""
    return {scope for scope in claims(token)["scope"].split() if scope not in ("openid", "email")}


def register(stack: Stack, person: str) -> str:
    """Somebody registers themselves. Confirming stands for the code that Cognito mails."""
    cognito = stack.emulator.client("cognito-idp")
    email = [{"Name": "email", "Value": person}]
    client = stack.outputs["OidcClientId"]
    cognito.sign_up(ClientId=client, Username=person, Password=PASSWORD, UserAttributes=email)
    pool = stack.outputs["UserPoolId"]
    cognito.admin_confirm_sign_up(UserPoolId=pool, Username=person)
    verified = [{"Name": "email_verified", "Value": "true"}]
    cognito.admin_update_user_attributes(UserPoolId=pool, Username=person, UserAttributes=verified)
    return person
