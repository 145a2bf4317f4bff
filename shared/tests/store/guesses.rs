//! A guessed token always gets the same refusal, by the same round trip and requests. So neither the response nor its
//! time reveals which deals and invites exist. I6.

use crate::table::{Answer, Table, after, done, email, learner, soon, start};
use chrono::Duration;
use shared::domain::accept::LinkRefusal;
use shared::domain::{DealChange, DealId, InviteId, InviteState, Link, OrganisationId, Secret};

impl Table {
    /// Sequential round trips, and requests.
    fn cost(&self) -> (usize, u32) {
        (self.wire.round_trips(), self.wire.usage().requests)
    }

    /// Checks that preview, the answers and accept do not know a guess, and what that costs.
    async fn is_unknown(&self, what: &str, link: &Link, who: &str, seconds: i64) {
        self.reset_counts();
        // Preview and each answer begin with this.
        let previewed = self.store.sent_link(link).await.unwrap();
        assert_eq!((previewed, self.cost()), (None, (1, 2)), "preview: {what}, {who}");
        let address = email("stranger@example.com");
        let (learner, now) = (learner(who), after(seconds));
        let accepted = self.store.accept_invite(link, &learner, Some(&address), now, soon()).await.unwrap();
        let refused = (Err(LinkRefusal::UnknownInvite), (1, 2));
        assert_eq!((accepted, self.cost()), refused, "accept: {what}, {who}");
    }
}

#[tokio::test]
async fn i6_a_guess_gets_one_answer_by_one_round_trip_whatever_it_hits() {
    let table = Table::new(2).await;
    // A genuine link of each kind.
    let (pending, _) = table.send("pending@example.com", start()).await;
    let (accepted, _) = table.send("accepted@example.com", start()).await;
    table.accepts(&accepted, "holder", after(1)).await;
    let (cancelled, _) = table.send("cancelled@example.com", start()).await;
    done(table.cancel(&cancelled, after(1)).await);
    let (released, _) = table.send("released@example.com", start()).await;
    table.accepts(&released, "leaver", after(2)).await;
    table.releases(&released, after(2)).await;
    let (expired, _) = table.send("expired@example.com", start() - Duration::days(29)).await;
    let (declined, _) = table.send("declined@example.com", start()).await;
    done(table.answer(&declined, Answer::Decline, after(1)).await);
    let (queued, _) = table.queue("queued@example.com", start()).await;
    let real = [&pending, &accepted, &cancelled, &released, &expired, &declined, &queued];
    assert_eq!(table.now(&released).await.state, InviteState::Released);

    let secret = Secret::from_bytes([7; 32]);
    let (no_deal, no_invite) = (DealId([7; 16]), InviteId([7; 16]));
    let mut guesses = vec![
        ("an unknown deal and invite", Link { deal: no_deal, invite: no_invite, secret: secret.clone() }),
        ("a deal without that invite", Link { invite: no_invite, secret: secret.clone(), ..pending.clone() }),
        ("a real link in another deal", Link { deal: no_deal, ..pending.clone() }),
        ("a real secret at another invite", Link { invite: queued.invite, ..pending.clone() }),
        ("a real secret at no invite", Link { invite: no_invite, ..pending.clone() }),
    ];
    guesses.extend(real.map(|link| ("a forged secret", Link { secret: secret.clone(), ..link.clone() })));

    let all_alike = async |state: &str, seconds: i64| {
        for (what, link) in &guesses {
            for who in ["stranger", "holder", "leaver"] {
                table.is_unknown(&format!("{what}, {state}"), link, who, seconds).await;
            }
        }
    };
    all_alike("while the deal runs", 3).await;
    let (last, _) = table.send("last@example.com", after(4)).await;
    table.accepts(&last, "last", after(5)).await;
    assert_eq!(table.deal_now().await.allocated, 2);
    all_alike("once it is full", 6).await;
    all_alike("once the invites have expired", 40 * 86_400).await;
    all_alike("once the deal has ended", 400 * 86_400).await;
    let moved = DealChange { starts_at: Some(start() + Duration::days(10)), ..DealChange::default() };
    table.store.change_deal(table.deal.id, &moved).await.unwrap().unwrap();
    all_alike("before it starts", 7).await;
    // A genuine link still shows its invite.
    assert!(table.store.sent_link(&pending).await.unwrap().is_some());
}

/// The check of a deal's organisation costs one read each time, for a foreign deal and for an unknown one.
#[tokio::test]
async fn i6_a_foreign_deal_costs_what_an_unknown_one_costs() {
    let table = Table::new(1).await;
    let (acme, globex) = (&table.deal.organisation.id, &OrganisationId::parse("globex").unwrap());
    let unknown = DealId([7; 16]);
    let ask = async |deal, organisation| {
        table.reset_counts();
        (table.store.is_deal_of(deal, organisation).await.unwrap(), table.cost())
    };
    for _ in 0..2 {
        assert_eq!(ask(table.deal.id, globex).await, (false, (1, 1)));
        assert_eq!(ask(unknown, globex).await, (false, (1, 1)));
    }
    assert_eq!(ask(table.deal.id, acme).await, (true, (1, 1)));
    assert_eq!(ask(table.deal.id, acme).await, (true, (0, 0)));
    assert_eq!(ask(table.deal.id, globex).await, (false, (1, 1)));
}
