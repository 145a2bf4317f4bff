"""What the system costs: measured units by list prices, as docs/how-to.md has it. `make costs` prints it.

The units are those of docs/data-model.md. Assumptions are marked: nothing has been measured on AWS yet.
"""

from dataclasses import dataclass, field

# ---- List prices of us-east-1 in USD, November 2026 ------------------------------------------------------------------

WRITE_UNIT = 0.625 / 1e6
READ_UNIT = 0.125 / 1e6
STORED_GB = 0.25
BACKED_UP_GB = 0.20
MAIL = 0.10 / 1e3
PUBLISHED = 0.50 / 1e6
INVOCATION = 0.20 / 1e6
GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
API_REQUEST = 1.00 / 1e6
CLOUDFRONT_REQUEST = 1.00 / 1e6
CLOUDFRONT_GB = 0.085
SCHEDULED = 1.00 / 1e6
LOGGED_GB = 0.50
METRIC = 0.30
ALARM = 0.10
DASHBOARD = 3.00
WEB_ACL = 5.00
WEB_ACL_RULE = 1.00
WEB_ACL_REQUEST = 0.60 / 1e6
CAPTCHA_ATTEMPT = 0.40 / 1e3
USER_POOL_USER = 0.015
STEP = 0.025 / 1e3

# Free in every month, for accounts of any age.
FREE_INVOCATIONS = 1e6
FREE_GB_SECONDS = 400e3
FREE_CLOUDFRONT_REQUESTS = 10e6
FREE_SCHEDULED = 14e6
FREE_LOGGED_GB = 5
FREE_STORED_GB = 25
FREE_METRICS = 10
FREE_ALARMS = 10
FREE_DASHBOARDS = 3
FREE_USERS = 10_000
FREE_STEPS = 4_000

# ---- Measured: units of docs/data-model.md, and counts of the template ------------------------------------------------

# (read units, write units)
SEND = (0, 8.0)
RESEND = (2.0, 9.0)
# Twice for each mail: when it is requested, and before it is sent.
OPT_OUTS = (1.0, 0)
PREVIEW = (3.0, 0)
UNKNOWN = (2.0, 0)
ANSWER = (2.0, 6.0)
AGAIN = (2.0, 2.0)
ACCEPT = (1.0, 9.0)
EXPIRE = (1.0, 4.0)
MY_SEATS = (2.0, 0)
DEAL = (1.0, 0)
DEALS = (1.5, 0)
PAGE = (6.0, 0)
COUNTS = (67.5, 0)
EMPTY_SHARD = (0.5, 0)
LIMITS = (0, 2.0)
CLAIM = (1.0, 4.0)
REMIND = (1.0, 6.0)
# Of an organisation with one deal.
DIGEST_READ = (4.0, 0)
DIGEST_SENT = (0, 6.0)
EVENT = (1.0, 2.0)

SHARDS = 4
# What is due: mails and reminders, for the deliverer, and expiries.
QUEUES = 3
SCHEDULES = 2
METRICS = 9
# Three of them watch the user pool.
ALARMS = 27
CLOUDFRONT_RULES = 4
SIGN_UP_RULES = 3
# Limits that strangers and managers meet: requests of an address to the API and to routes with many rows, of a token, and
# of an address in all, in a minute; requests of a route in a second; sign-ups of an address in ten minutes; mails of a
# manager in an hour.
ADDRESS_LIMIT = 400
ROWS_LIMIT = 60
TOKEN_LIMIT = 200
ALL_LIMIT = 2_000
ROUTE_LIMIT = 100
SIGN_UP_LIMIT = 50
MANAGER_LIMIT = 2_000
DASHBOARDS = 1
API_GB = 0.25
MAILING_GB = 0.5
SEND_RATE = 14
# A request waits two seconds for its turns of the send rate, which is two calls to SES. The deliverer sends the rest.
CALLS_A_REQUEST = 2

# ---- Assumed ---------------------------------------------------------------------------------------------------------

INVITES = 1_000_000
RESENT, ACCEPTED, EXPIRED = 0.20, 0.60, 0.20
PREVIEWED = 0.70
# Half of the invites have no answer after a week, and a tenth after three.
REMINDED = 0.60
# Declined, asked or opted out.
ANSWERED = 0.05
ROWS_A_REQUEST = 100
# The share of the managers with a digest who get one on a given day.
DIGESTS, DIGESTS_SENT = 1_000, 0.5
DAYS = 30
# A manager loads the portal once for ten invites: deals, a page of all, counts.
INVITES_A_LOOK = 10
CHECKS_A_SEAT = 1
# Nearly every mail has one event: it was delivered.
EVENTS_A_MAIL = 1.05
API_SECONDS = 0.05
RESEND_SECONDS = 0.15
SWEEP_SECONDS = 0.1
# A request's line, the gateway's, and Lambda's own three.
REQUEST_BYTES = 1_000
RUN_BYTES = 850
# The portal's largest file, not compressed.
FILE_BYTES = 110_000
# Invite, seat and their places in the indexes, with 100 bytes each of DynamoDB's own.
STORED_BYTES = 1_500
HOURS = 730


@dataclass
class Use:
    """The use by one kind of request, and its costs by list price."""

    name: str
    number: float
    mails: float = 0
    published: float = 0
    reads: float = 0
    writes: float = 0
    requests: float = 0
    invocations: float = 0
    gb_seconds: float = 0
    logged: float = 0
    costs: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.costs = [
            self.mails * MAIL + self.published * PUBLISHED,
            self.reads * READ_UNIT + self.writes * WRITE_UNIT,
            self.invocations * INVOCATION + self.gb_seconds * GB_SECOND["x86_64"],
            self.requests * (API_REQUEST + CLOUDFRONT_REQUEST),
            self.logged / 1e9 * LOGGED_GB,
        ]


def api(name: str, number: float, units: list[tuple[float, float]]) -> Use:
    """The use by `number` visits, each with one request for each entry of `units`."""
    requests = number * len(units)
    return Use(
        name,
        number,
        reads=number * sum(unit[0] for unit in units),
        writes=number * sum(unit[1] for unit in units),
        requests=requests,
        invocations=requests,
        gb_seconds=requests * API_SECONDS * API_GB,
        logged=requests * REQUEST_BYTES,
    )


def invites() -> list[Use]:
    """The use by a million invites."""
    sends = INVITES / ROWS_A_REQUEST
    claimed = INVITES - sends * min(CALLS_A_REQUEST * SEND_RATE, ROWS_A_REQUEST)
    resends = INVITES * RESENT
    reminders = INVITES * REMINDED
    events = (INVITES + resends + reminders) * EVENTS_A_MAIL
    return [
        Use(
            f"invites sent, {ROWS_A_REQUEST} a request",
            INVITES,
            mails=INVITES,
            reads=sends * DEAL[0] + claimed * CLAIM[0] + INVITES * 2 * OPT_OUTS[0],
            # Each request takes from the limits, and each call to SES reserves its turn.
            writes=INVITES * SEND[1] + claimed * CLAIM[1] + sends * LIMITS[1] + INVITES / SEND_RATE,
            requests=sends,
            invocations=sends,
            # Functions wait for their mails' turns.
            gb_seconds=INVITES / SEND_RATE * MAILING_GB,
            logged=sends * REQUEST_BYTES,
        ),
        Use(
            "resent, one a request",
            resends,
            mails=resends,
            reads=resends * (RESEND[0] + 2 * OPT_OUTS[0]),
            # A lone resend finds the send rate idle: its turn is a refused write and a write.
            writes=resends * (RESEND[1] + LIMITS[1] + 2),
            requests=resends,
            invocations=resends,
            gb_seconds=resends * RESEND_SECONDS * MAILING_GB,
            logged=resends * REQUEST_BYTES,
        ),
        Use(
            "reminders",
            reminders,
            mails=reminders,
            reads=reminders * (REMIND[0] + OPT_OUTS[0]),
            writes=reminders * (REMIND[1] + 1 / SEND_RATE),
            gb_seconds=reminders / SEND_RATE * MAILING_GB,
        ),
        Use(
            "events about mails",
            events,
            published=events,
            reads=events * EVENT[0],
            writes=events * EVENT[1],
            invocations=events,
            gb_seconds=events * API_SECONDS * API_GB,
            logged=events * RUN_BYTES,
        ),
        api("previewed", INVITES * PREVIEWED, [PREVIEW]),
        api("accepted", INVITES * ACCEPTED, [ACCEPT]),
        api("answered: no, ask, opt out", INVITES * ANSWERED, [ANSWER]),
        Use(
            "marked as expired",
            INVITES * EXPIRED,
            reads=INVITES * EXPIRED * EXPIRE[0],
            writes=INVITES * EXPIRED * EXPIRE[1],
        ),
        api("looks of managers, three requests", INVITES / INVITES_A_LOOK, [DEALS, PAGE, COUNTS]),
        api("looks at one's own seats", INVITES * ACCEPTED * CHECKS_A_SEAT, [MY_SEATS]),
    ]


def free_of(uses: list[Use]) -> float:
    """The value of the free tier, if all use falls into one month."""
    total = {
        name: sum(getattr(use, name) for use in uses) for name in ("invocations", "gb_seconds", "requests", "logged")
    }
    return (
        min(total["invocations"], FREE_INVOCATIONS) * INVOCATION
        + min(total["gb_seconds"], FREE_GB_SECONDS) * GB_SECOND["x86_64"]
        + min(total["requests"], FREE_CLOUDFRONT_REQUESTS) * CLOUDFRONT_REQUEST
        + min(total["logged"] / 1e9, FREE_LOGGED_GB) * LOGGED_GB
    )


def months() -> list[tuple[str, str, float, float]]:
    """A month without traffic: name, amount, list price, price beyond the free tier."""
    runs = SCHEDULES * HOURS * 60
    gb_seconds = runs / 2 * SWEEP_SECONDS * (API_GB + MAILING_GB)
    logged = runs * RUN_BYTES / 1e9
    reads = HOURS * 60 * QUEUES * SHARDS * EMPTY_SHARD[0]
    return [
        ("alarms", f"{ALARMS}", ALARMS * ALARM, max(ALARMS - FREE_ALARMS, 0) * ALARM),
        ("custom metrics", f"{METRICS}", METRICS * METRIC, max(METRICS - FREE_METRICS, 0) * METRIC),
        ("dashboards", f"{DASHBOARDS}", DASHBOARDS * DASHBOARD, max(DASHBOARDS - FREE_DASHBOARDS, 0) * DASHBOARD),
        ("runs that are scheduled", f"{runs:,.0f}", runs * SCHEDULED, max(runs - FREE_SCHEDULED, 0) * SCHEDULED),
        (
            "their invocations",
            f"{gb_seconds:,.0f} GB-s",
            runs * INVOCATION + gb_seconds * GB_SECOND["x86_64"],
            max(runs - FREE_INVOCATIONS, 0) * INVOCATION + max(gb_seconds - FREE_GB_SECONDS, 0) * GB_SECOND["x86_64"],
        ),
        ("their queries", f"{reads:,.0f} RRU", reads * READ_UNIT, reads * READ_UNIT),
        ("their logs", f"{logged:.2f} GB", logged * LOGGED_GB, max(logged - FREE_LOGGED_GB, 0) * LOGGED_GB),
    ]


def usd(amount: float) -> str:
    return "" if amount == 0 else "< 0.01" if amount < 0.005 else f"{amount:,.2f}"


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def invites_table() -> list[str]:
    uses = invites()
    columns = [sum(costs) for costs in zip(*(use.costs for use in uses), strict=True)]
    lines = [
        row("of a million invites", "number", "SES and SNS", "DynamoDB", "Lambda", "API and CloudFront", "logs", "USD"),
        row("---", *["---:"] * 7),
    ]
    lines += [row(use.name, f"{use.number:,.0f}", *map(usd, use.costs), usd(sum(use.costs))) for use in uses]
    lines.append(row("**by list price**", "", *map(usd, columns), f"**{usd(sum(columns))}**"))
    lines.append(
        row("**beyond what is free in one month**", *[""] * 6, f"**{usd(sum(columns) - free_of(uses))}**"),
    )
    return lines


def month_table() -> list[str]:
    rows = months()
    totals = [sum(amounts) for amounts in zip(*(entry[2:] for entry in rows), strict=True)]
    lines = [row("a month without traffic", "how much", "USD by list price", "USD beyond what is free")]
    lines.append(row("---", "---:", "---:", "---:"))
    lines += [row(name, number, usd(listed), usd(charged)) for name, number, listed, charged in rows]
    lines.append(row("**together**", "", f"**{usd(totals[0])}**", f"**{usd(totals[1])}**"))
    return lines


def digests() -> float:
    """A month of digests. SES's event about each is dropped. The reading takes no longer than an API request."""
    looked, sent = DIGESTS * DAYS, DIGESTS * DAYS * DIGESTS_SENT
    use = Use(
        "digests",
        sent,
        mails=sent,
        published=sent,
        reads=looked * DIGEST_READ[0],
        writes=sent * (DIGEST_SENT[1] + 1),
        invocations=sent,
        gb_seconds=(looked + sent) * API_SECONDS * API_GB,
        logged=sent * RUN_BYTES,
    )
    return sum(use.costs)


def besides_table() -> list[str]:
    stored = INVITES * STORED_BYTES / 1e9
    backed_up = stored * BACKED_UP_GB
    users = INVITES * ACCEPTED
    return [
        row("besides, a month", "USD by list price", "USD beyond what is free"),
        row("---", "---:", "---:"),
        row(
            f"each million invites kept, {stored:.1f} GB, with point-in-time recovery",
            usd(stored * STORED_GB + backed_up),
            usd(max(stored - FREE_STORED_GB, 0) * STORED_GB + backed_up),
        ),
        row(f"digests for {DIGESTS:,} managers, of whom {DIGESTS_SENT:.0%} get one a day", *[usd(digests())] * 2),
        row(
            "CloudFront's web ACL, and 0.60 for a million requests",
            usd(WEB_ACL + CLOUDFRONT_RULES * WEB_ACL_RULE),
            usd(WEB_ACL + CLOUDFRONT_RULES * WEB_ACL_RULE),
        ),
        row(
            "the user pool's web ACL, and 0.40 for a thousand attempts at its CAPTCHA",
            usd(WEB_ACL + SIGN_UP_RULES * WEB_ACL_RULE),
            usd(WEB_ACL + SIGN_UP_RULES * WEB_ACL_RULE),
        ),
        row(
            "deleting accounts that were never confirmed, five steps an hour",
            usd(5 * HOURS * STEP),
            usd(max(5 * HOURS - FREE_STEPS, 0) * STEP),
        ),
        row(
            f"`CREATE_USER_POOL=true`, with {users:,.0f} people who sign in that month",
            usd(users * USER_POOL_USER),
            usd((users - FREE_USERS) * USER_POOL_USER),
        ),
    ]


def attacks() -> list[tuple[str, float, float]]:
    """A day at each limit: who, how many, USD by list price."""
    day = 24 * 60 * 60
    address, token, files = (limit / 60 * day for limit in (ADDRESS_LIMIT, TOKEN_LIMIT, ALL_LIMIT))
    route, sign_ups, mails = ROUTE_LIMIT * day, SIGN_UP_LIMIT / 600 * day, MANAGER_LIMIT * 24
    # The function refuses a request past CloudFront before it asks the table.
    past = api("", route, [(0, 0)])
    sign_up = MAIL + USER_POOL_USER + CAPTCHA_ATTEMPT + WEB_ACL_REQUEST
    file = CLOUDFRONT_REQUEST + WEB_ACL_REQUEST + FILE_BYTES / 1e9 * CLOUDFRONT_GB
    send = MAIL + SEND[1] * WRITE_UNIT + (CLAIM[0] * READ_UNIT + CLAIM[1] * WRITE_UNIT)
    return [
        ("previews from one address", address, sum(api("", address, [PREVIEW]).costs) + address * WEB_ACL_REQUEST),
        ("loads of the portal's largest file from one address", files, files * file),
        ("accepts with one spelling of a token", token, sum(api("", token, [ACCEPT]).costs) + token * WEB_ACL_REQUEST),
        (
            "previews from many addresses, at the route's limit",
            route,
            sum(api("", route, [PREVIEW]).costs) + route * WEB_ACL_REQUEST,
        ),
        *[
            (what, address, sum(api("", address, [units]).costs) + address * WEB_ACL_REQUEST)
            for what, units in (
                ("forged unsubscribing from one address", UNKNOWN),
                ("unsubscribing with one mail's id, again and again", AGAIN),
            )
        ],
        ("requests past CloudFront, at one route's limit", route, sum(past.costs) - route * CLOUDFRONT_REQUEST),
        ("a million requests that the web ACL blocks", 1e6, 1e6 * WEB_ACL_REQUEST),
        ("a million attempts at the CAPTCHA, which no rule limits", 1e6, 1e6 * CAPTCHA_ATTEMPT),
        ("sign-ups from one address", sign_ups, sign_ups * sign_up),
        ("invites of one manager", mails, mails * send),
    ]


def attacks_table() -> list[str]:
    lines = [row("a day at the limit", "number", "USD by list price"), row("---", "---:", "---:")]
    return lines + [row(name, f"{number:,.0f}", usd(cost)) for name, number, cost in attacks()]


def report() -> str:
    return "\n".join([*invites_table(), "", *month_table(), "", *besides_table(), "", *attacks_table()])


if __name__ == "__main__":
    print(report())
