//! The request of `SendBulkEmail`, as the SDK writes it (SES API v2 reference).

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
    pub(super) template: Option<Template>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Template {
    #[serde(rename = "TemplateName")]
    pub(super) name: Option<String>,
    #[serde(rename = "TemplateArn")]
    pub(super) arn: Option<String>,
    #[serde(rename = "TemplateContent")]
    pub(super) content: Option<Content>,
    #[serde(rename = "TemplateData")]
    pub(super) data: Option<String>,
    #[serde(rename = "Headers")]
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
    pub(super) replacement_email_content: Option<ReplacementContent>,
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
    pub(super) replacement_template: Option<ReplacementTemplate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ReplacementTemplate {
    pub(super) replacement_template_data: Option<String>,
}

/// A header or a tag.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}
