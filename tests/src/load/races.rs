//! Accept, resend and both sweeps at once, on invites that expire in that moment. I1, I2, I4, I5, I7

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::{join_all, join3};
use futures_util::{StreamExt, stream};
use seatkeeper_local::Settings;
use serde_json::json;

use super::Figures;
use super::measure::{numbered, tally, tokens};
use crate::{World, ids, past, row_of, time};

const AT_ONCE: usize = 48;
/// Rows of a bulk resend: several of them go on at once.
const ROWS: usize = 25;

/// Some of the learners come in time, some in the very moment, some too late; half of the invites are sent again
/// meanwhile. Each is accepted, or sent again, or has expired: never two of these.
pub async fn races(count: usize) -> Figures {
    let env = [("INVITE_LIFETIME".to_owned(), "12s".to_owned())].into_iter().collect();
    let world = World::of(Settings { env, seed: false, ..Settings::ephemeral() }).await;
    let deal = world.deal(u32::try_from(count).expect("few")).await;
    let all = numbered("racer", count);
    let people = join_all(all.iter().map(|email| world.person(email))).await;
    deal.invite(&all).await;
    let rows = deal.rows("limit=200").await;
    let tokens = tokens(&world.inbox().await);

    let expiry = rows.iter().map(|row| time(&row["expiresAt"])).max().expect("rows");
    let early = expiry - TimeDelta::milliseconds(2_000);
    past(early).await;
    let accepts = join_all([-2_000, -300, 0].into_iter().enumerate().map(|(third, millis)| {
        let (people, tokens, world) = (&people, &tokens, &world);
        async move {
            past(expiry + TimeDelta::milliseconds(millis)).await;
            stream::iter(people.iter().skip(third).step_by(3))
                .map(async |learner| (&learner.email, world.accept(learner, &tokens[&learner.email]).await))
                .buffered(AT_ONCE)
                .collect::<Vec<_>>()
                .await
        }
    }));
    let mut wanted = ids(&rows);
    fastrand::Rng::with_seed(1).shuffle(&mut wanted);
    wanted.truncate(count / 2);
    let bodies = wanted.chunks(ROWS).map(|some| {
        let rows: Vec<_> = some.iter().map(|id| json!({ "id": id, "sends": 1 })).collect();
        json!({ "invites": rows })
    });
    let bodies: Vec<_> = bodies.collect();
    let resends = async {
        past(early + TimeDelta::milliseconds(1_000)).await;
        stream::iter(bodies)
            .map(async |body| deal.resend_many(&body).await)
            .buffered(2)
            .collect::<Vec<_>>()
            .await
    };
    let sweeps = async {
        past(expiry).await;
        stream::iter(0..6).map(|_| world.sweep()).buffered(2).collect::<Vec<_>>().await
    };
    let (accepted, resent, sweeps) = join3(accepts, resends, sweeps).await;

    let mut outcomes = BTreeMap::new();
    for row in
        resent.iter().flat_map(|answer| answer.ok(200)["results"].as_array().cloned().unwrap_or_default())
    {
        let id = row["inviteId"].as_str().expect("an id").to_owned();
        outcomes.insert(id, row["outcome"].as_str().expect("an outcome").to_owned());
    }
    let mails = tally(world.inbox().await.iter().map(|mail| mail.field("to").to_owned()));
    let accepted: Vec<_> = accepted.into_iter().flatten().collect();
    let mut seats = 0;
    for (email, answer) in &accepted {
        let id = row_of(&rows, email)["id"].as_str().expect("an id");
        let row = deal.one(id).await;
        let again = outcomes.get(id).map_or("not asked", String::as_str);
        let (kind, sends, mails) = (answer.kind(), row["sends"].as_u64(), mails[*email]);
        let fits = match (kind.as_str(), again, sends, mails) {
            ("200", "already_accepted" | "not asked", Some(1), 1) => row["status"] == "accepted",
            ("410 invite_expired", "not asked", Some(1), 1) => row["status"] == "expired",
            ("410 invite_superseded" | "410 invite_expired", "resent", Some(2), 2) => {
                row["status"] != "accepted"
            }
            _ => false,
        };
        assert!(fits, "{kind}, {again}, {sends:?} sends, {mails} mails: {row}\n{}", answer.show());
        seats += usize::from(answer.status == 200);
    }
    assert_eq!(accepted.len(), count);
    assert_eq!(deal.seats().await[1], seats as u64, "seats held = allocated");
    assert!(seats > 0 && seats < count, "{seats} of {count} accepted: that was no race");
    let marked: u64 = sweeps.iter().map(|[expire, _]| expire["done"].as_u64().unwrap_or_default()).sum();
    let kinds = tally(accepted.iter().map(|(_, answer)| answer.kind()));
    let kinds: Vec<_> = kinds.iter().map(|(kind, times)| format!("{kind}: {times}")).collect();
    let again = outcomes.values().filter(|outcome| *outcome == "resent").count();
    let mut figures = Figures::default();
    let what = |what: &str| format!("{count} invites raced for: {what}");
    figures.add(&what("answers to accept"), kinds.join(", "));
    figures.add(&what("sent again, marked as expired by six sweeps"), format!("{again}, {marked}"));
    figures.add(&what("both accepted and sent again, or shown as what they are not"), 0);
    world.stop().await;
    figures
}
