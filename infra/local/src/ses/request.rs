//! The request of `SendBulkEmail` (SES API v2 reference).

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct BulkRequest {
    pub(super) from_email_address: Option<String>,
    pub(super) default_content: DefaultContent,
    pub(super) default_email_tags: Vec<Pair>,
    pub(super) configuration_set_name: Option<String>,
    pub(super) bulk_email_entries: Vec<BulkEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DefaultContent {
    pub(super) template: Option<Inline>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Inline {
    pub(super) template_name: Option<String>,
    pub(super) template_arn: Option<String>,
    pub(super) template_content: Option<Content>,
    pub(super) template_data: Option<String>,
    pub(super) headers: Vec<Pair>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Content {
    pub(super) subject: Option<String>,
    pub(super) html: Option<String>,
    pub(super) text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct BulkEntry {
    pub(super) destination: Destination,
    pub(super) replacement_email_content: ReplacementContent,
    pub(super) replacement_headers: Vec<Pair>,
    pub(super) replacement_tags: Vec<Pair>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Destination {
    #[serde(rename = "ToAddresses")]
    pub(super) to: Vec<String>,
    #[serde(rename = "CcAddresses")]
    pub(super) cc: Vec<String>,
    #[serde(rename = "BccAddresses")]
    pub(super) bcc: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ReplacementContent {
    pub(super) replacement_template: ReplacementTemplate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ReplacementTemplate {
    pub(super) replacement_template_data: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}
