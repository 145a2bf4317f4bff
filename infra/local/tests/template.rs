//! `infra/template.yaml` and the local stack are the same system: what one says of routes, functions, schedules and the
//! table, the other says too. And what would quietly weaken the product on AWS is not there: tracked links, errors that
//! become pages, answers without the headers.
//!
//! Each comparison lists what differs; the last test takes things out of the template and sees that it is missed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;

use aws_sdk_dynamodb::types::{KeySchemaElement, Projection};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use seatkeeper_local::functions::{FUNCTIONS, Function};
use seatkeeper_local::routes::ROUTES;
use seatkeeper_local::{RETURN_PATHS, SWEEPS, database, table};
use serde_json::{Map, Value, json};

/// Settings that functions have on AWS only: locally there is neither a CloudFront that could be gone past nor a
/// configuration set.
const ONLY_ON_AWS: [&str; 2] = ["ORIGIN_SECRET", "SES_CONFIGURATION_SET"];
/// The function that Cognito calls; the local issuer grants scopes by itself.
const GRANT_SCOPES: &str = "GrantScopesFunction";

/// What differs, a line each.
type Differences = Vec<String>;

fn template() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let documents = Yaml::load_from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let [document] = &documents[..] else { panic!("{} documents", documents.len()) };
    long_form(document)
}

/// The document as JSON, with the short forms of functions written out: `!Ref Table` is `{"Ref": "Table"}`.
fn long_form(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(long_form).collect(),
        Yaml::Mapping(fields) => {
            let field = |(name, value): (&Yaml, &Yaml)| (name.as_str().unwrap().to_owned(), long_form(value));
            Value::Object(fields.iter().map(field).collect())
        }
        Yaml::Tagged(tag, value) => match (tag.suffix.as_str(), long_form(value)) {
            (name @ ("Ref" | "Condition"), value) => json!({ name: value }),
            ("GetAtt", Value::String(path)) => {
                let (resource, attribute) = path.split_once('.').unwrap();
                json!({ "Fn::GetAtt": [resource, attribute] })
            }
            (name, value) => json!({ format!("Fn::{name}"): value }),
        },
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => panic!("can't be read: {node:?}"),
    }
}

/// The properties of all resources of a type, by their logical ids.
fn resources<'t>(template: &'t Value, kind: &'t str) -> impl Iterator<Item = (&'t str, &'t Value)> {
    let resources = template["Resources"].as_object().unwrap();
    resources
        .iter()
        .filter(move |(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
}

/// The logical id of what `value` refers to, by name or by ARN.
fn referred(value: &Value) -> &str {
    value["Ref"].as_str().or_else(|| value["Fn::GetAtt"][0].as_str()).unwrap_or("nothing")
}

/// The logical id of a function: `deal-seats` is `DealSeatsFunction`.
fn logical_id(function: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    function.split('-').map(capital).collect::<String>() + "Function"
}

/// One line for each name that only one side has, or that they have different things to say of.
fn differences<T: Debug + PartialEq>(
    what: &str,
    template: &BTreeMap<String, T>,
    local: &BTreeMap<String, T>,
) -> Differences {
    let names: BTreeSet<_> = template.keys().chain(local.keys()).collect();
    let line = |name: &String| match (template.get(name), local.get(name)) {
        (Some(aws), Some(here)) if aws == here => None,
        (Some(aws), Some(here)) => {
            Some(format!("{what} {name}: {aws:?} in the template, {here:?} in the local stack"))
        }
        (Some(_), None) => Some(format!("{what} {name}: only in the template")),
        _ => Some(format!("{what} {name}: not in the template")),
    };
    names.into_iter().filter_map(line).collect()
}

/// One line, if a value is not what it has to be.
fn difference(what: &str, template: &Value, wanted: &Value) -> Differences {
    if template == wanted {
        return Vec::new();
    }
    vec![format!("{what}: {template} in the template, {wanted} wanted")]
}

fn is_same(differences: &Differences) {
    assert!(
        differences.is_empty(),
        "the template and the local stack differ:\n  {}",
        differences.join("\n  ")
    );
}

// ---- Routes

fn routes(template: &Value) -> Differences {
    let integrations: BTreeMap<_, _> = resources(template, "AWS::ApiGatewayV2::Integration").collect();
    let function = |route: &Value| {
        let target = route["Target"]["Fn::Sub"].as_str().unwrap_or_default();
        let integration = target.strip_prefix("integrations/${").and_then(|rest| rest.strip_suffix('}'));
        let integration = integration.and_then(|id| integrations.get(id));
        integration.map_or("nothing", |integration| referred(&integration["IntegrationUri"])).to_owned()
    };
    let key = |route: &Value| route["RouteKey"].as_str().unwrap_or("no key").to_owned();
    let on_aws = resources(template, "AWS::ApiGatewayV2::Route").map(|(_, route)| {
        let scopes = route.get("AuthorizationScopes").cloned().unwrap_or_else(|| json!([]));
        let authorizer = route.get("AuthorizerId").map(referred).map(str::to_owned);
        (key(route), (route["AuthorizationType"].clone(), authorizer, scopes, function(route)))
    });
    let local = ROUTES.iter().map(|route| {
        let (kind, authorizer) =
            if route.scopes.is_empty() { ("NONE", None) } else { ("JWT", Some("Authorizer".to_owned())) };
        (route.key(), (json!(kind), authorizer, json!(route.scopes), logical_id(route.function)))
    });
    let on_aws: Vec<_> = on_aws.collect();
    let doubled = on_aws.len() - on_aws.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len();
    let mut differences = differences("route", &on_aws.into_iter().collect(), &local.collect());
    differences.extend((doubled > 0).then(|| format!("{doubled} route(s) are there twice")));
    differences
}

/// What is behind an integration: format 2.0, time enough for the function to answer, leave to call it.
fn integrations(template: &Value) -> Differences {
    let permissions: BTreeSet<_> = resources(template, "AWS::Lambda::Permission")
        .filter(|(_, permission)| permission["Principal"] == "apigateway.amazonaws.com")
        .map(|(_, permission)| referred(&permission["FunctionName"]))
        .collect();
    let check = |(id, integration): (&str, &Value)| {
        let function = referred(&integration["IntegrationUri"]);
        let timeout = template["Resources"][function]["Properties"]["Timeout"].as_i64().unwrap_or_default();
        let limit = integration["TimeoutInMillis"].as_i64().unwrap_or_default();
        [
            difference(&format!("{id}, format"), &integration["PayloadFormatVersion"], &json!("2.0")),
            difference(&format!("{id}, type"), &integration["IntegrationType"], &json!("AWS_PROXY")),
            difference(&format!("{id} outlasts {function}"), &json!(limit > timeout * 1000), &json!(true)),
            difference(
                &format!("{id} may call {function}"),
                &json!(permissions.contains(function)),
                &json!(true),
            ),
        ]
        .concat()
    };
    resources(template, "AWS::ApiGatewayV2::Integration").flat_map(check).collect()
}

/// Each route has a limit of its own, in a stage that is made after the routes.
fn limits(template: &Value) -> Differences {
    let stages: Vec<_> = resources(template, "AWS::ApiGatewayV2::Stage").collect();
    let [(id, stage)] = stages[..] else { return vec![format!("{} stages", stages.len())] };
    let limited = |settings: &Value| {
        ["ThrottlingRateLimit", "ThrottlingBurstLimit"]
            .iter()
            .all(|limit| settings[limit].as_f64().is_some_and(|limit| limit > 0.0))
    };
    let settings = stage["RouteSettings"].as_object().unwrap();
    let settings = settings.iter().map(|(key, settings)| (key.clone(), limited(settings))).collect();
    let routes = ROUTES.iter().map(|route| (route.key(), true)).collect();
    let after = template["Resources"][id]["DependsOn"].as_array().unwrap().iter();
    let after = after.map(|id| (id.as_str().unwrap().to_owned(), ())).collect();
    let made = resources(template, "AWS::ApiGatewayV2::Route").map(|(id, _)| (id.to_owned(), ())).collect();
    [
        differences("limit of route", &settings, &routes),
        differences("the stage depends on", &after, &made),
        difference("limit of any route", &json!(limited(&stage["DefaultRouteSettings"])), &json!(true)),
    ]
    .concat()
}

#[test]
fn routes_are_the_same() {
    let template = template();
    is_same(&routes(&template));
    is_same(&integrations(&template));
}

#[test]
fn each_route_has_a_limit() {
    is_same(&limits(&template()));
}

// ---- Functions

fn functions(template: &Value) -> Differences {
    let describe = |name: &str, timeout: u64| {
        let zip = format!("../target/package/{name}.zip");
        json!({"FunctionName": {"Fn::Sub": format!("${{AWS::StackName}}-{name}")}, "CodeUri": zip, "Timeout": timeout})
    };
    let on_aws = resources(template, "AWS::Serverless::Function").map(|(id, function)| {
        let described =
            ["FunctionName", "CodeUri", "Timeout"].map(|name| (name.to_owned(), function[name].clone()));
        (id.to_owned(), Value::Object(Map::from_iter(described)))
    });
    let local = FUNCTIONS
        .iter()
        .map(|function| (logical_id(function.name), describe(function.name, function.timeout.as_secs())));
    // Cognito waits five seconds for it.
    let grant_scopes = (GRANT_SCOPES.to_owned(), describe("grant-scopes", 5));
    differences("function", &on_aws.collect(), &local.chain([grant_scopes]).collect())
}

fn settings(template: &Value) -> Differences {
    let check = |function: &Function| {
        let id = logical_id(function.name);
        let variables = &template["Resources"][&id]["Properties"]["Environment"]["Variables"];
        let names = variables.as_object().into_iter().flat_map(Map::keys);
        let on_aws =
            names.filter(|name| !ONLY_ON_AWS.contains(&name.as_str())).map(|name| (name.clone(), ()));
        let local = function.settings().map(|name| (name.to_owned(), ()));
        let answers = ROUTES.iter().any(|route| route.function == function.name);
        let has = |name: &str| json!(variables.get(name).is_some());
        let mut found = [
            differences(&format!("{id}, setting"), &on_aws.collect(), &local.collect()),
            difference(&format!("{id} has ORIGIN_SECRET"), &has("ORIGIN_SECRET"), &json!(answers)),
            difference(
                &format!("{id} has SES_CONFIGURATION_SET"),
                &has("SES_CONFIGURATION_SET"),
                &json!(function.mails),
            ),
        ]
        .concat();
        if function.mails {
            let timeout = json!(format!("{}s", function.timeout.as_secs()));
            found.extend(difference(
                &format!("{id}, FUNCTION_TIMEOUT"),
                &variables["FUNCTION_TIMEOUT"],
                &timeout,
            ));
        }
        found
    };
    FUNCTIONS.iter().flat_map(check).collect()
}

#[test]
fn functions_and_their_settings_are_the_same() {
    let template = template();
    is_same(&functions(&template));
    is_same(&settings(&template));
}

// ---- Schedules

/// Once a minute, and a run that fails is not tried again: the next one does what it left.
fn schedules(template: &Value) -> Differences {
    let on_aws = resources(template, "AWS::Scheduler::Schedule").map(|(_, schedule)| {
        let target = &schedule["Target"];
        let retries = &target["RetryPolicy"]["MaximumRetryAttempts"];
        (
            referred(&target["Arn"]).to_owned(),
            json!([schedule["ScheduleExpression"], schedule["State"], retries]),
        )
    });
    let local = SWEEPS.iter().map(|function| (logical_id(function), json!(["rate(1 minute)", null, 0])));
    let mut found = differences("schedule of", &on_aws.collect(), &local.collect());
    for function in FUNCTIONS.iter().filter(|function| SWEEPS.contains(&function.name)) {
        let id = logical_id(function.name);
        let properties = &template["Resources"][&id]["Properties"];
        let short = properties["Timeout"].as_u64().is_some_and(|timeout| timeout < 60);
        found.extend(difference(&format!("{id} ends within the minute"), &json!(short), &json!(true)));
        let retries = &properties["EventInvokeConfig"]["MaximumRetryAttempts"];
        found.extend(difference(&format!("{id}, retries"), retries, &json!(0)));
    }
    found
}

#[test]
fn schedules_are_the_same() {
    is_same(&schedules(&template()));
}

// ---- The table

fn keys(keys: &[KeySchemaElement]) -> Value {
    keys.iter()
        .map(|key| json!({"AttributeName": key.attribute_name(), "KeyType": key.key_type().as_str()}))
        .collect()
}

fn projection(projection: &Projection) -> Value {
    let mut described = json!({"ProjectionType": projection.projection_type().unwrap().as_str()});
    if !projection.non_key_attributes().is_empty() {
        described["NonKeyAttributes"] = sorted(&json!(projection.non_key_attributes()));
    }
    described
}

fn sorted(list: &Value) -> Value {
    let list: BTreeMap<_, _> =
        list.as_array().into_iter().flatten().map(|item| (item.to_string(), item)).collect();
    list.into_values().cloned().collect()
}

fn by_name(list: &Value, name: &str) -> BTreeMap<String, Value> {
    let list = list.as_array().into_iter().flatten();
    list.map(|item| (item[name].as_str().unwrap_or("without a name").to_owned(), item.clone())).collect()
}

/// The local stack's table, as the database describes it, in the words of a template.
async fn local_table() -> Value {
    let database = database::serve(None).await.unwrap();
    let client = database.client();
    table::create(&client, "seatkeeper").await.unwrap();
    let table = client.describe_table().table_name("seatkeeper").send().await.unwrap().table.unwrap();
    let purge = client.describe_time_to_live().table_name("seatkeeper").send().await.unwrap();
    let purge = purge.time_to_live_description.unwrap();
    let attributes: Value = table
        .attribute_definitions()
        .iter()
        .map(|attribute| {
            json!({
                "AttributeName": attribute.attribute_name(),
                "AttributeType": attribute.attribute_type().as_str(),
            })
        })
        .collect();
    let indexes: Value = table
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            json!({
                "IndexName": index.index_name().unwrap(),
                "KeySchema": keys(index.key_schema()),
                "Projection": projection(index.projection().unwrap()),
            })
        })
        .collect();
    json!({
        "BillingMode": table.billing_mode_summary().unwrap().billing_mode().unwrap().as_str(),
        "AttributeDefinitions": attributes,
        "KeySchema": keys(table.key_schema()),
        "GlobalSecondaryIndexes": indexes,
        "TimeToLiveSpecification": {"AttributeName": purge.attribute_name().unwrap(), "Enabled": true},
    })
}

fn tables(template: &Value, local: &Value) -> Differences {
    let tables: Vec<_> = resources(template, "AWS::DynamoDB::Table").collect();
    let [(_, table)] = tables[..] else { return vec![format!("{} tables", tables.len())] };
    let mut indexes = by_name(&table["GlobalSecondaryIndexes"], "IndexName");
    for index in indexes.values_mut() {
        if let Some(listed) = index["Projection"].get_mut("NonKeyAttributes") {
            *listed = sorted(listed);
        }
    }
    let attributes = |table: &Value| by_name(&table["AttributeDefinitions"], "AttributeName");
    let mut found = [
        differences("attribute", &attributes(table), &attributes(local)),
        differences("index", &indexes, &by_name(&local["GlobalSecondaryIndexes"], "IndexName")),
        difference("local indexes", &json!(table.get("LocalSecondaryIndexes")), &Value::Null),
    ]
    .concat();
    for name in ["BillingMode", "KeySchema", "TimeToLiveSpecification"] {
        found.extend(difference(&format!("table, {name}"), &table[name], &local[name]));
    }
    found
}

#[tokio::test]
async fn the_table_is_the_same() {
    is_same(&tables(&template(), &local_table().await));
}

// ---- Mail and the edge

/// SES puts hosts of its own into links that it tracks, and would so see each link's token.
fn mail(template: &Value) -> Differences {
    let sets = resources(template, "AWS::SES::ConfigurationSet");
    let mut found: Differences = sets
        .flat_map(|(id, set)| {
            let metrics = &set["VdmOptions"]["DashboardOptions"]["EngagementMetrics"];
            [
                difference(
                    &format!("{id}, TrackingOptions"),
                    &json!(set.get("TrackingOptions")),
                    &Value::Null,
                ),
                difference(&format!("{id}, EngagementMetrics"), metrics, &json!("DISABLED")),
            ]
            .concat()
        })
        .collect();
    for (id, destination) in resources(template, "AWS::SES::ConfigurationSetEventDestination") {
        let events = &destination["EventDestination"]["MatchingEventTypes"];
        let events = events.as_array().into_iter().flatten().filter_map(Value::as_str);
        let tracks =
            |event: &&str| ["OPEN", "CLICK"].iter().any(|tracked| event.eq_ignore_ascii_case(tracked));
        found.extend(events.filter(tracks).map(|event| format!("{id} tracks: {event}")));
    }
    let sets = resources(template, "AWS::SES::ConfigurationSet").count();
    found.extend(difference("configuration sets", &json!(sets), &json!(1)));
    found
}

/// Every answer has the headers of `portal/headers.json`, and none is replaced by a page.
fn edge(template: &Value) -> Differences {
    let distributions: Vec<_> = resources(template, "AWS::CloudFront::Distribution").collect();
    let [(_, distribution)] = distributions[..] else {
        return vec![format!("{} distributions", distributions.len())];
    };
    let distribution = &distribution["DistributionConfig"];
    let default = ("*".to_owned(), distribution["DefaultCacheBehavior"].clone());
    let behaviours = by_name(&distribution["CacheBehaviors"], "PathPattern").into_iter().chain([default]);
    let on_aws = behaviours.map(|(path, behaviour)| {
        let policy = referred(&behaviour["ResponseHeadersPolicyId"]).to_owned();
        (path, (behaviour["TargetOriginId"].clone(), policy))
    });
    let local = [("*", "portal"), ("/api/*", "api")]
        .map(|(path, origin)| (path.to_owned(), (json!(origin), "PortalHeaders".to_owned())));
    let file =
        &template["Resources"]["PortalHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["Fn::Transform"];
    let include = json!({"Name": "AWS::Include", "Parameters": {"Location": "../portal/headers.json"}});
    let errors = json!(distribution.get("CustomErrorResponses"));
    [
        differences("behaviour", &on_aws.collect(), &BTreeMap::from(local)),
        difference("the headers", file, &include),
        difference("CustomErrorResponses", &errors, &Value::Null),
    ]
    .concat()
}

/// The portal's client may send people back to the same addresses of the portal, after signing in and out.
fn sign_in(template: &Value) -> Differences {
    let clients: Vec<_> = resources(template, "AWS::Cognito::UserPoolClient").collect();
    let [(id, client)] = clients[..] else { return vec![format!("{} clients", clients.len())] };
    let address = |path: &&str| {
        let at = |host: &str| json!({"Fn::Sub": format!("https://${{{host}}}{path}")});
        json!({"Fn::If": ["HasPortalDomain", at("PortalDomain"), at("Distribution.DomainName")]})
    };
    let wanted: Value = RETURN_PATHS.iter().map(address).collect();
    ["CallbackURLs", "LogoutURLs"]
        .iter()
        .flat_map(|name| difference(&format!("{id}, {name}"), &client[name], &wanted))
        .collect()
}

#[test]
fn people_are_sent_back_to_the_same_addresses() {
    is_same(&sign_in(&template()));
}

#[test]
fn no_link_is_tracked() {
    is_same(&mail(&template()));
}

#[test]
fn every_answer_has_the_headers_and_none_becomes_a_page() {
    is_same(&edge(&template()));
}

// ---- The comparisons themselves

/// Replaces what is at `path`, or takes it away.
fn change(template: &mut Value, path: &str, value: Option<Value>) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = template.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    let name = name.replace("~1", "/");
    match (parent, value) {
        (Value::Object(fields), Some(value)) => drop(fields.insert(name, value)),
        (Value::Object(fields), None) => drop(fields.remove(&name).unwrap()),
        (Value::Array(items), Some(value)) => items[name.parse::<usize>().unwrap()] = value,
        (Value::Array(items), None) => drop(items.remove(name.parse().unwrap())),
        (other, _) => panic!("{path} is in {other}"),
    }
}

#[tokio::test]
async fn what_is_missing_or_different_is_told() {
    let (template, table) = (template(), local_table().await);
    let all = |template: &Value| {
        [routes, integrations, limits, functions, settings, schedules, sign_in, mail, edge]
            .iter()
            .flat_map(|compare| compare(template))
            .chain(tables(template, &table))
            .collect::<Vec<_>>()
    };
    is_same(&all(&template));
    let preview = "limit of route POST /api/invites/preview: not in the template";
    for (path, value, told) in [
        ("ReadDealRoute", None, "route GET /api/deals/{dealId}: not in the template"),
        ("ListDealsRoute/Properties/AuthorizationScopes/1", None, "route GET /api/deals: "),
        ("ListDealsRoute/Properties/Target", Some(json!({"Fn::Sub": "integrations/${X}"})), "\"nothing\")"),
        (
            "AcceptInviteRoute/Properties/AuthorizationType",
            Some(json!("NONE")),
            "route POST /api/invites/accept: ",
        ),
        (
            "AcceptInviteRoute/Properties/RouteKey",
            Some(json!("ANY /api/x")),
            "route ANY /api/x: only in the template",
        ),
        ("ReleaseSeatPermission", None, "ReleaseSeatIntegration may call ReleaseSeatFunction: "),
        ("ApiStage/Properties/RouteSettings/POST ~1api~1invites~1preview", None, preview),
        ("ApiStage/DependsOn/0", None, "the stage depends on ListDealsRoute: not in the template"),
        ("DealSeatsFunction/Properties/CodeUri", Some(json!("x.zip")), "function DealSeatsFunction: "),
        ("SendInvitesFunction/Properties/Timeout", Some(json!(30)), "function SendInvitesFunction: "),
        ("SendInvitesFunction/Properties/Environment/Variables/SEND_RATE", None, "setting SEND_RATE: not in"),
        ("DealSeatsFunction/Properties/Environment/Variables/X", Some(json!("y")), "setting X: only in"),
        (
            "DealSeatsFunction/Properties/Environment/Variables/ORIGIN_SECRET",
            None,
            "has ORIGIN_SECRET: false",
        ),
        ("DeliverInvitesSchedule", None, "schedule of DeliverInvitesFunction: not in the template"),
        ("DeliverInvitesFunction/Properties/Timeout", Some(json!(60)), "ends within the minute: false"),
        ("Table/Properties/GlobalSecondaryIndexes/2", None, "index address: not in the template"),
        ("Table/Properties/GlobalSecondaryIndexes/0/Projection/NonKeyAttributes/3", None, "index listing: "),
        (
            "Table/Properties/TimeToLiveSpecification/AttributeName",
            Some(json!("ttl")),
            "TimeToLiveSpecification: ",
        ),
        ("UserPoolClient/Properties/LogoutURLs/1", None, "UserPoolClient, LogoutURLs: "),
        ("MailConfigurationSet/Properties/TrackingOptions", Some(json!({})), "TrackingOptions: {}"),
        ("MailConfigurationSet/Properties/VdmOptions", None, "EngagementMetrics: null"),
        (
            "Events",
            Some(json!({
                "Type": "AWS::SES::ConfigurationSetEventDestination",
                "Properties": {"EventDestination": {"MatchingEventTypes": ["bounce", "click"]}},
            })),
            "Events tracks: click",
        ),
        (
            "Distribution/Properties/DistributionConfig/CacheBehaviors/0/ResponseHeadersPolicyId",
            None,
            "behaviour /api/*: ",
        ),
        (
            "Distribution/Properties/DistributionConfig/CustomErrorResponses",
            Some(json!([])),
            "CustomErrorResponses: []",
        ),
    ] {
        let mut changed = template.clone();
        change(&mut changed, &format!("/Resources/{path}"), value);
        let lines = all(&changed);
        assert!(lines.iter().any(|line| line.contains(told)), "{path}: {lines:#?}");
    }
}
