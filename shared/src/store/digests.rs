//! Digests: a manager's switch, what the manager was told, and the facts since then. A run claims a digest by moving its
//! place in the due index, on the condition that nobody moved it before. So only one of several runs mails. The outcome is
//! recorded under the claim's id, and repeating the record writes the same.

use super::item::{self, Attributes};
use super::read::{one_page, pages};
use super::retry::is_condition;
use super::{Item, Result, Store, StoreError, keys, n, random, s, values, writer_id};
use crate::domain::digest::{DigestId, RENEWED_FOR, Told};
use crate::domain::{Attention, DealId, Email, OrganisationId, PersonId, Timestamp};
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use futures_util::stream::{Stream, TryStreamExt};

/// An ended digest still knows what was told, for a manager who switches it on again.
const KEPT_FOR: Duration = Duration::days(365);

/// A write reaches the index within this time. So the next run reads this much of the time before a run again.
const OVERLAP: Duration = Duration::minutes(10);

/// The most facts of that time that are remembered as told.
const MOST_RECENT: usize = 100;

const PAGE: i32 = 100;

/// A digest that is on.
#[derive(Clone)]
pub struct Digest {
    pub id: DigestId,
    pub organisation: OrganisationId,
    pub email: Email,
    pub renew_by: Timestamp,
    pub due_at: Timestamp,
    pub told: Told,
    /// All earlier facts were told.
    pub since: Timestamp,
    /// The places of later facts that were told.
    pub recent: Vec<String>,
}

/// Who may switch a digest off.
pub enum SwitchOff<'a> {
    /// Also if the manager's token names another organisation by now.
    ByManager,
    ById(&'a [u8; 16]),
    /// Nobody renewed it.
    Ended,
}

impl Digest {
    /// The digest after a mail that told the facts at these places. An index that lags may hide earlier ones.
    pub fn after(self, seen: Vec<String>, told: Told, due_at: Timestamp, now: Timestamp) -> Self {
        let mut since = self.since.max(now - OVERLAP);
        let places = seen.into_iter().chain(self.recent);
        let mut recent: Vec<_> = places.filter(|place| *place >= keys::place_floor(since)).collect();
        recent.sort_unstable();
        recent.dedup();
        let forgotten = recent.drain(..recent.len().saturating_sub(MOST_RECENT)).next_back();
        if let Some(last) = forgotten.as_deref().and_then(keys::queued) {
            since = last.at + Duration::milliseconds(1);
        }
        Self { due_at, told, since, recent, ..self }
    }
}

impl Store {
    /// `None` if it is off.
    pub async fn digest(&self, manager: &PersonId) -> Result<Option<Digest>> {
        let item = self.get(keys::digest_key(manager)).await?;
        Ok(item.map(|item| digest(manager, item)).transpose()?.flatten())
    }

    /// Renews a digest that is on, and otherwise starts it now. What was told and the next time stay.
    pub async fn switch_digest_on(
        &self,
        manager: &PersonId,
        organisation: &OrganisationId,
        email: &str,
        now: Timestamp,
    ) -> Result<()> {
        let is_on = "attribute_exists(duePk) AND organisationId = :organisation AND renewBy > :now";
        let renew = "SET email = :email, renewBy = :renewBy, purgeAt = :purgeAt";
        let mut values = values([
            (":organisation", s(organisation.as_str())),
            (":email", s(email)),
            (":now", n(now.timestamp())),
            (":renewBy", n((now + RENEWED_FOR).timestamp())),
            (":purgeAt", n((now + RENEWED_FOR + KEPT_FOR).timestamp())),
        ]);
        let key = keys::digest_key(manager);
        if self.update(key.clone(), renew, is_on, values.clone()).await?.is_ok() {
            return Ok(());
        }
        values.extend(super::values([
            (":v", n(item::VERSION)),
            (":due", s(keys::digests_of(manager))),
            (":secret", s(URL_SAFE_NO_PAD.encode(random::<16>()?))),
            (":begins", n(now.timestamp_millis())),
        ]));
        let begin = format!(
            "{renew}, v = :v, organisationId = :organisation, duePk = :due, since = :begins, \
             dueAt = if_not_exists(dueAt, :begins), secret = if_not_exists(secret, :secret) REMOVE recent"
        );
        let begin = self.update_action(key, &begin, &format!("NOT ({is_on})"), values)?;
        // A dismissed manager's token stays valid for some minutes, and the dismissal has deleted the digest.
        let is_employed = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(keys::sends_key(&keys::manager(manager))))
            .condition_expression("attribute_not_exists(blocked)")
            .build()
            .map_err(|_| StoreError::Corrupt("not a check"))?;
        let is_employed = TransactWriteItem::builder().condition_check(is_employed).build();
        match self.transact(vec![begin, is_employed]).await? {
            Err(reasons) if reasons.get(1).is_some_and(is_condition) => Err(StoreError::Blocked),
            // Another request switched it on.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Returns the digest's organisation, also if the digest was off already. `None` if the digest does not exist.
    pub async fn switch_digest_off(
        &self,
        manager: &PersonId,
        by: SwitchOff<'_>,
        now: Timestamp,
    ) -> Result<Option<OrganisationId>> {
        let (condition, value) = match by {
            SwitchOff::ByManager => ("v = :by", n(item::VERSION)),
            SwitchOff::ById(secret) => ("secret = :by", s(URL_SAFE_NO_PAD.encode(secret))),
            SwitchOff::Ended => ("renewBy <= :by", n(now.timestamp())),
        };
        let values = values([(":by", value), (":purgeAt", n((now + KEPT_FOR).timestamp()))]);
        let update = "SET purgeAt = :purgeAt REMOVE duePk, email";
        let key = keys::digest_key(manager);
        if self.update_once(key.clone(), update, condition, values).await?.is_err() {
            return Ok(None);
        }
        let item = self.get(key).await?;
        Ok(item.and_then(|item| OrganisationId::parse(item::text(&item, "organisationId")?)))
    }

    /// The managers whose digest is due, longest overdue first.
    pub fn due_digests(
        &self,
        shard: u8,
        now: Timestamp,
    ) -> impl Stream<Item = Result<Vec<PersonId>>> + use<> {
        let values = values([(":pk", s(keys::digests(shard))), (":now", n(now.timestamp_millis()))]);
        let query = self.query(Some(keys::DUE), "duePk = :pk AND dueAt <= :now", values).limit(PAGE);
        let manager = |item: Item| keys::parse_manager(item::text(&item, "pk")?);
        pages(query)
            .map_ok(move |page| page.items.unwrap_or_default().into_iter().filter_map(manager).collect())
    }

    /// The places of the deal's invites that are in the index for this reason since the last digest, oldest first, and how
    /// many of these facts are news. At most `most` are counted.
    pub async fn news(
        &self,
        digest: &Digest,
        deal: DealId,
        reason: Attention,
        most: u32,
    ) -> Result<(Vec<String>, u32)> {
        let limit = most.saturating_add(u32::try_from(digest.recent.len()).unwrap_or_default());
        let query = self.attention(deal, reason, &keys::place_floor(digest.since));
        let query =
            query.projection_expression("attentionSk").limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let items = one_page(query).await?.items.unwrap_or_default();
        let places: Vec<_> =
            items.iter().filter_map(|item| item::text(item, "attentionSk").map(str::to_owned)).collect();
        let news = places.iter().filter(|place| !digest.recent.contains(place)).count();
        Ok((places, u32::try_from(news).unwrap_or(most).min(most)))
    }

    /// The right to mail the digest until `until`. `None` if another run claimed it or if it is off.
    pub async fn claim_digest(&self, digest: &Digest, until: Timestamp) -> Result<Option<String>> {
        let claim = writer_id()?;
        let values = values([
            (":until", n(until.timestamp_millis())),
            (":claim", s(&claim)),
            (":seen", n(digest.due_at.timestamp_millis())),
        ]);
        let update = "SET dueAt = :until, claim = :claim";
        let condition = "attribute_exists(duePk) AND dueAt = :seen";
        let key = keys::digest_key(&digest.id.person);
        let item = self.update(key, update, condition, values).await?.map_or_else(|met| met, Some);
        let is_ours = item.is_some_and(|item| item::text(&item, "claim") == Some(claim.as_str()));
        Ok(is_ours.then_some(claim))
    }

    /// Records the claim's outcome, even if the digest was switched off in between.
    pub async fn record_digest(&self, digest: &Digest, claim: &str) -> Result<()> {
        let told = serde_dynamo::to_attribute_value(&digest.told).map_err(|_| StoreError::Corrupt("told"))?;
        let recent = digest.recent.iter().map(s).collect();
        let values = values([
            (":dueAt", n(digest.due_at.timestamp_millis())),
            (":since", n(digest.since.timestamp_millis())),
            (":recent", AttributeValue::L(recent)),
            (":told", told),
            (":claim", s(claim)),
        ]);
        // Without its claim, the write does nothing when the SDK repeats it.
        let update = "SET dueAt = :dueAt, since = :since, recent = :recent, told = :told REMOVE claim";
        let key = keys::digest_key(&digest.id.person);
        self.update(key, update, "claim = :claim", values).await.map(drop)
    }
}

/// `None` if it is off.
fn digest(manager: &PersonId, item: Item) -> Result<Option<Digest>> {
    let mut item = Attributes::versioned(item)?;
    if item.remove("duePk").is_none() {
        return Ok(None);
    }
    let secret = URL_SAFE_NO_PAD.decode(item.take::<String>("secret")?).ok();
    let secret = secret.and_then(|secret| secret.try_into().ok()).ok_or(StoreError::Corrupt("secret"))?;
    Ok(Some(Digest {
        id: DigestId { person: manager.clone(), secret },
        organisation: item.take("organisationId")?,
        email: item.take("email")?,
        renew_by: item::seconds(item.take("renewBy")?),
        due_at: item::millis(item.take("dueAt")?),
        told: item.take::<Option<Told>>("told")?.unwrap_or_default(),
        since: item::millis(item.take("since")?),
        recent: item.take_list("recent")?,
    }))
}
