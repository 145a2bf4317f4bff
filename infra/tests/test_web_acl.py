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


def rules(template: str, acl: str) -> list[dict]:
    resources = yaml.load((ROOT / "infra" / template).read_text(), Template)["Resources"]
    return sorted(resources[acl]["Properties"]["Rules"], key=lambda rule: rule["Priority"])


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
    ("path", "is_the_api"),
    [
        ("/api/deals", True),
        ("/api/invites/preview", True),
        ("/%61pi/invites/preview", True),
        # CloudFront finds the API by the path without these.
        ("//api/deals", True),
        ("/x/../api/deals", True),
        ("/./%2e%2e//api/deals", True),
        ("/../api/deals", True),
        # Mail providers come from few addresses, and have no token.
        ("/api/invites/unsubscribe/AbC-_9", False),
        ("/api/digests/unsubscribe/AbC-_9", False),
        ("/api/invites/unsubscribe/", True),
        ("/api/invites/unsubscribe/../../deals", True),
        ("/", False),
        ("/assets/index.js", False),
        ("/assets/api/", False),
    ],
)
def test_each_request_is_counted(path, is_the_api):
    by_path = ["api-by-address"] * is_the_api
    assert matched(CLOUDFRONT, "POST", path, {}) == [*by_path, "all-by-address"]
    with_token = matched(CLOUDFRONT, "GET", path, {"authorization": "Bearer t"})
    assert with_token == [*by_path, "api-by-token", "all-by-address"]


def test_one_stranger_stays_below_the_routes_limits():
    """The route's limits are everybody's, and the lowest that a stranger reaches without a token is 100 a second."""
    by_address, by_token, every = (rule["Statement"]["RateBasedStatement"] for rule in CLOUDFRONT)
    assert [one["AggregateKeyType"] for one in (by_address, by_token, every)] == ["IP", "CUSTOM_KEYS", "IP"]
    assert [key["Header"]["Name"] for key in by_token["CustomKeys"]] == ["authorization"]
    for statement, part in ((by_address, 10), (by_token, 10), (every, 2)):
        assert statement["Limit"] / statement["EvaluationWindowSec"] < 100 / part


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
