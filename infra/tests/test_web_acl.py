"""What the rules of the web ACLs say to a request. AWS evaluates the same statements."""

import re
from posixpath import normpath

import pytest
import yaml
from package import ROOT


class Template(yaml.SafeLoader):
    """Ignores what short tags such as !Ref mean."""


Template.add_multi_constructor(
    "!", lambda loader, _, node: loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
)


def resources(template: str) -> dict:
    return yaml.load((ROOT / "infra" / template).read_text(), Template)["Resources"]


def rules(template: str, acl: str) -> list[dict]:
    return sorted(resources(template)[acl]["Properties"]["Rules"], key=lambda rule: rule["Priority"])


CLOUDFRONT = rules("web-acl.yaml", "WebAcl")
SIGN_UP = rules("template.yaml", "SignUpAcl")


def applies(statement: dict, method: str, path: str, headers: dict[str, str]) -> bool:
    [(kind, one)] = statement.items()
    if kind == "RateBasedStatement":
        keyed = all(key["Header"]["Name"] in headers for key in one.get("CustomKeys", []))
        return keyed and ("ScopeDownStatement" not in one or applies(one["ScopeDownStatement"], method, path, headers))
    if kind == "NotStatement":
        return not applies(one["Statement"], method, path, headers)
    if kind in ("AndStatement", "OrStatement"):
        return {"AndStatement": all, "OrStatement": any}[kind](
            applies(part, method, path, headers) for part in one["Statements"]
        )
    [(field, which)] = one["FieldToMatch"].items()
    text = {"Method": method, "UriPath": path}.get(field) or headers.get(which.get("Name", ""), "")
    for transformation in sorted(one["TextTransformations"], key=lambda entry: entry["Priority"]):
        text = TRANSFORMATIONS[transformation["Type"]](text)
    if kind == "RegexMatchStatement":
        return re.search(one["RegexString"], text) is not None
    sought = one["SearchString"]
    return {"EXACTLY": text == sought, "STARTS_WITH": text.startswith(sought)}[one["PositionalConstraint"]]


def decoded(text: str) -> str:
    return re.sub("%([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), text)


def normalized(text: str) -> str:
    """AWS leaves `..` at the beginning of a path alone."""
    start, rest = ("/..", text[3:]) if text.startswith("/../") else ("", text)
    return start + normpath(rest).replace("//", "/") + "/" * rest.endswith("/")


TRANSFORMATIONS = {"LOWERCASE": str.lower, "NONE": str, "URL_DECODE": decoded, "NORMALIZE_PATH": normalized}


def matched(acl: list[dict], method: str, path: str, headers: dict[str, str]) -> list[str]:
    return [rule["Name"] for rule in acl if applies(rule["Statement"], method, path, headers)]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/deals", ["api-by-address"]),
        ("/api/invites/preview", ["api-by-address"]),
        ("/%61pi/invites/preview", ["api-by-address"]),
        # CloudFront finds the API by the path without these.
        ("//api/deals", ["api-by-address"]),
        ("/x/../api/deals", ["api-by-address"]),
        ("/./%2e%2e//api/deals", ["api-by-address"]),
        ("/../api/deals", ["api-by-address"]),
        ("/api/invites/unsubscribe/AbC-_9", ["api-by-address"]),
        ("/api/deals/d1/invites", ["api-by-address", "rows-by-address"]),
        ("/api/deals/d1/invites/resend", ["api-by-address", "rows-by-address"]),
        ("/api/deals/d1/invites/cancel", ["api-by-address", "rows-by-address"]),
        ("/api/deals/d1/seats.csv", ["api-by-address", "rows-by-address"]),
        # The gateway may route what is encoded here.
        ("/api/deals/a%2Fb/invites", ["api-by-address", "rows-by-address"]),
        ("/api/deals/d1/invites%3Fx", ["api-by-address", "rows-by-address"]),
        ("/api/deals/d1/invites/", ["api-by-address", "rows-by-address"]),
        ("/api/deals/d1/seats", ["api-by-address"]),
        ("//api/x/../deals/d1/invites", ["api-by-address", "rows-by-address"]),
        ("/api/deals/d1/invites/i1/resend", ["api-by-address"]),
        ("/api/deals/d1/invites/i1", ["api-by-address"]),
        ("/", []),
        ("/assets/index.js", []),
        ("/assets/api/", []),
    ],
)
def test_each_request_is_counted(path, names):
    assert matched(CLOUDFRONT, "POST", path, {}) == [*names, "all-by-address"]
    with_token = matched(CLOUDFRONT, "GET", path, {"authorization": "Bearer t"})
    assert with_token == [*names, "api-by-token", "all-by-address"]


@pytest.mark.parametrize("acl", [CLOUDFRONT, SIGN_UP], ids=["cloudfront", "sign-up"])
def test_no_two_rules_have_the_same_priority(acl):
    """AWS refuses to create such a web ACL."""
    assert [rule["Priority"] for rule in acl] == [*range(len(acl))]


def test_one_stranger_leaves_most_of_a_routes_limit_to_others():
    """The route's limits are everybody's. How many seconds of a minute one address takes from others, on each route."""
    limits = {rule["Name"]: rule["Statement"]["RateBasedStatement"] for rule in CLOUDFRONT}
    assert [key["Header"]["Name"] for key in limits["api-by-token"]["CustomKeys"]] == ["authorization"]
    assert [limit["AggregateKeyType"] for limit in limits.values()] == ["IP", "IP", "CUSTOM_KEYS", "IP"]
    assert {limit["EvaluationWindowSec"] for limit in limits.values()} == {60}
    seconds = {}
    for route, rate in resources("template.yaml")["ApiStage"]["Properties"]["RouteSettings"].items():
        method, path = route.split()
        allowed = min(limits[name]["Limit"] for name in matched(CLOUDFRONT, method, path, {}))
        seconds[route] = allowed / rate["ThrottlingRateLimit"]
    assert {route for route, taken in seconds.items() if taken > 12} == {"GET /api/organisations"}
    assert max(seconds.values()) == 20
    without_a_token = {
        route for route in seconds if re.search("/(invites|digests)/(preview|decline|ask|opt-|unsub)", route)
    }
    assert {seconds[route] for route in without_a_token} == {4}


@pytest.mark.parametrize(
    ("method", "path", "operation", "names"),
    [
        ("GET", "/signup", "", ["captcha"]),
        ("POST", "/signup", "", ["mail-by-address", "captcha"]),
        ("POST", "/SignUp", "", ["mail-by-address", "captcha"]),
        ("POST", "/%73ignup", "", ["mail-by-address", "captcha"]),
        ("POST", "//signup", "", ["mail-by-address", "captcha"]),
        ("POST", "/x/../signup", "", ["mail-by-address", "captcha"]),
        ("POST", "/../resendcode", "", ["mail-by-address"]),
        ("POST", "/forgotPassword", "", ["mail-by-address"]),
        ("POST", "/resendcode", "", ["mail-by-address"]),
        ("POST", "/login", "", []),
        ("GET", "/oauth2/authorize", "", []),
        ("POST", "/oauth2/token", "", []),
        ("POST", "/", "SignUp", ["mail-by-api"]),
        ("POST", "/", "ResendConfirmationCode", ["mail-by-api"]),
        ("POST", "/", "ForgotPassword", ["mail-by-api"]),
        ("POST", "/", "InitiateAuth", []),
        # Cognito calls these behind its pages, where nobody could solve a CAPTCHA.
        ("POST", "/", "AssociateSoftwareToken", []),
        # A stranger's header is no excuse.
        ("POST", "/signup", "AssociateSoftwareToken", ["mail-by-address", "captcha"]),
    ],
)
def test_what_mails_strangers_is_limited(method, path, operation, names):
    assert matched(SIGN_UP, method, path, {"x-amzn-cognito-operation-name": operation}) == names


@pytest.mark.parametrize("operation", ["SignUp", "ResendConfirmationCode", "ForgotPassword"])
def test_no_call_of_cognitos_api_mails_whatever_else_it_says(operation):
    """Who calls may also send the header by which Cognito names the operation."""
    headers = {"x-amz-target": f"AWSCognitoIdentityProviderService.{operation}"}
    assert matched(SIGN_UP, "POST", "/", headers | {"x-amzn-cognito-operation-name": "ListUsers"}) == ["mail-by-api"]


def test_sign_up_asks_a_captcha_and_the_rest_is_blocked():
    assert {rule["Name"]: [*rule["Action"]] for rule in SIGN_UP} == {
        "mail-by-api": ["Block"],
        "mail-by-address": ["Block"],
        "captcha": ["Captcha"],
    }
