"""Portal and API as a browser meets them: on one origin, through the deployed distribution."""

import json
from collections.abc import Callable

import pytest
from cloud import ROOT, SENDER, Answer, Stack, somebody
from sign_in import register, sign_in

Browse = Callable[..., Answer]


@pytest.fixture(scope="module")
def browse(pool: Stack) -> Browse:
    """Requests to the distribution. The emulator's CloudFront dials no host of AWS, so the API's origin becomes the
    emulator's own address for it; behaviours, policies, function and the origin's header stay the template's."""
    emulator, distribution = pool.emulator, pool.outputs["DistributionId"]
    cloudfront = emulator.client("cloudfront")
    found = cloudfront.get_distribution_config(Id=distribution)
    config = found["DistributionConfig"]
    [api] = [origin for origin in config["Origins"]["Items"] if origin["Id"] == "api"]
    assert api["DomainName"] == f"{pool.api_id}.execute-api.us-east-1.amazonaws.com"
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    api |= {"DomainName": "localhost", "OriginPath": f"/_aws/execute-api/{pool.api_id}/$default"}
    api["CustomOriginConfig"] |= {
        "HTTPPort": emulator.port,
        "HTTPSPort": 443,
        "OriginProtocolPolicy": "http-only",
    }
    cloudfront.update_distribution(Id=distribution, IfMatch=found["ETag"], DistributionConfig=config)
    host = pool.outputs["PortalUrl"].removeprefix("https://")

    def request(
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
        scheme: str = "https",
    ) -> Answer:
        sent = {"x-forwarded-proto": scheme} | (headers or {})
        if token:
            sent["authorization"] = f"Bearer {token}"
        if body is not None:
            sent["content-type"] = "application/json"
        return emulator.request(method, path, host, sent, None if body is None else json.dumps(body).encode())

    return request


@pytest.fixture(scope="module")
def learner(pool: Stack) -> str:
    return sign_in(pool, register(pool, somebody()), "seats.accept")


def wanted_headers(stack: Stack) -> dict[str, str]:
    """Of portal/headers.json, as CloudFront writes them. Names of the emulator's account and region."""
    config = json.loads((ROOT / "portal/headers.json").read_text())
    content = config["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"][0]
    sign_in_hosts = (
        "https://cognito-idp.us-east-1.amazonaws.com "
        f"https://{stack.name}-000000000000.auth.us-east-1.amazoncognito.com"
    )
    own = {item["Header"]: item["Value"] for item in config["CustomHeadersConfig"]["Items"]}
    return own | {
        "content-security-policy": content.replace("${SignIn}", sign_in_hosts),
        "strict-transport-security": "max-age=63072000; includeSubDomains",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
    }


def assert_headers(answer: Answer, stack: Stack) -> None:
    wanted = wanted_headers(stack)
    assert {name: answer.headers.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "index.html"),
        ("/accept", "accept.html"),
        ("/accept/", "accept.html"),
        ("/accept%23AAAA.&utm_source=x", "accept.html"),
        ("/ACCEPT.html%23AAAA", "accept.html"),
        ("//x.example/", "index.html"),
        ("/deals/x", "index.html"),
        ("/deals/x/expired", "index.html"),
    ],
)
def test_each_address_of_the_portal_is_a_page(browse: Browse, pool: Stack, path: str, page: str) -> None:
    answer = browse("GET", path)
    assert (answer.status, answer.body) == (200, (ROOT / "portal/dist" / page).read_bytes())
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert_headers(answer, pool)


def test_what_pages_load_is_kept_for_a_year(browse: Browse, pool: Stack) -> None:
    assets = [path for path in (ROOT / "portal/dist/assets").iterdir() if path.suffix in (".js", ".css")]
    assert {path.suffix for path in assets} == {".js", ".css"}
    kinds = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    for path in assets:
        answer = browse("GET", f"/assets/{path.name}")
        assert (answer.status, answer.body) == (200, path.read_bytes())
        assert answer.headers["content-type"] == kinds[path.suffix]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert_headers(answer, pool)


def test_the_portal_is_told_where_it_is(browse: Browse, pool: Stack) -> None:
    answer = browse("GET", "/config.json")
    out = pool.outputs
    wanted = {
        "issuer": out["OidcIssuerUrl"],
        "clientId": out["OidcClientId"],
        "scopePrefix": "seatkeeper/",
        "tokenScopePrefix": "",
        "entitlementClaim": "",
        "authorizeParameters": "",
        "startUrl": "https://www.futurelearn.com/",
        "mailFrom": SENDER,
        "mailSubject": "FutureLearn Invitation",
        "inviteLifetime": "28d",
    }
    assert (answer.status, answer.json) == (200, wanted)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-cache")
    assert_headers(answer, pool)


@pytest.mark.parametrize("path", ["/assets/none.js", "/none.css", "/deals/none.png"])
def test_a_file_that_is_not_there_is_no_page(browse: Browse, path: str) -> None:
    answer = browse("GET", path)
    assert answer.status in (403, 404)
    assert b"<title>" not in answer.body or b"Seatkeeper" not in answer.body


@pytest.mark.parametrize("path", ["/none.css", "/deals/a.b", "/..%2fnone.css"])
def test_a_browser_gets_the_portal_in_place_of_a_file_that_is_not_there(browse: Browse, path: str) -> None:
    answer = browse("GET", path, headers={"accept": "text/html,*/*;q=0.8"})
    assert (answer.status, answer.body) == (200, (ROOT / "portal/dist/index.html").read_bytes())


def test_the_apis_answers_come_through_unchanged(browse: Browse, pool: Stack, learner: str) -> None:
    for call in (
        ("POST", "/api/invites/preview", None, {"token": "x"}),
        ("POST", "/api/invites/preview", None, {"nothing": 1}),
        ("GET", "/api/me/seats", learner),
    ):
        through, direct = browse(*call), pool.call(*call)
        assert (through.status, through.body) == (direct.status, direct.body), call
        assert through.headers["content-type"] == direct.headers["content-type"]
        assert through.headers["cache-control"] == "no-store"
        assert_headers(through, pool)
    assert browse("POST", "/api/invites/preview", None, {"token": "x"}).code == "unknown_invite"


def test_the_gateways_refusals_come_through_unchanged(browse: Browse, learner: str) -> None:
    for call, wanted in (
        (("GET", "/api/deals"), (401, "Unauthorized")),
        (("GET", "/api/deals", learner), (403, "Forbidden")),
        (("GET", "/api/nothing", learner), (404, "Not Found")),
    ):
        answer = browse(*call)
        assert (answer.status, answer.json) == (wanted[0], {"message": wanted[1]})
        assert answer.headers["content-type"] == "application/json"


def test_only_cloudfront_knows_what_opens_the_api(browse: Browse, pool: Stack, learner: str) -> None:
    for secret in (None, "forged"):
        headers = {"x-origin-verify": secret} if secret else {}
        assert browse("GET", "/api/me/seats", learner, headers=headers).status == 200
        direct = pool.call("GET", "/api/me/seats", learner, headers={"x-origin-verify": secret or ""})
        assert (direct.status, direct.json) == (403, {"message": "Forbidden"})


def test_nothing_goes_over_plain_http(browse: Browse, pool: Stack, learner: str) -> None:
    page = browse("GET", "/accept", scheme="http")
    assert (page.status, page.headers["location"]) == (301, f"{pool.outputs['PortalUrl']}/accept")
    # Not even redirected: a token that was sent so has been seen.
    assert browse("GET", "/api/me/seats", learner, scheme="http").status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_are_only_read(browse: Browse, method: str) -> None:
    assert browse(method, "/", body={}).status == 403


def test_the_bucket_is_closed_to_all_but_the_distribution(pool: Stack) -> None:
    s3, bucket = pool.emulator.client("s3"), pool.outputs["PortalBucket"]
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    host = f"{bucket}.s3.us-east-1.amazonaws.com"
    assert pool.emulator.request("GET", "/index.html", host, {}, None).status == 403
