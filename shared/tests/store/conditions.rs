//! Rules and conditions agree: for drawn invites, deals, seats and times, what the domain says is what the engine does,
//! for the same reason; what is refused changes nothing, and what is done leaves what it should.
//!
//! `removal.rs` runs the same checks with parts of the conditions taken away.

use super::drawn::{ADDRESS, Laid, Trial, item, later, n, now, s, seat, secret, tried_at};
use super::world::{Key, LIFETIME, email, inviter, learner, soon};
use chrono::Duration;
use proptest::prelude::*;
use shared::domain::accept::{AcceptRefusal, may_accept};
use shared::domain::cancel::may_cancel;
use shared::domain::claim::{ClaimRefusal, may_claim};
use shared::domain::expire::may_expire;
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::domain::release::{ReleaseRefusal, may_release};
use shared::domain::resend::{ResendRefusal, may_resend};
use shared::domain::send::{SendRefusal, may_invite};
use shared::domain::settle::{MarkRefusal, may_mark_failed, may_mark_sent, may_put_back, may_put_off};
use shared::domain::{
    DealChange, DealChangeRefusal, Delivery, FailureReason, InviteRecord, Link, NewDeal, Sent, Stored,
    Timestamp,
};
use shared::store::{AcceptOutcome, CreateOutcome, Due, Inviter, Item, Outcome, Sender, StoreError};

type Verdict<R> = Result<Result<(), R>, TestCaseError>;

/// A write and its rule, held together in drawn states.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// The verdicts that it has to come to: these, and no others.
    verdicts: &'static [&'static str],
    pub(crate) run: fn(&Trial) -> Result<(), String>,
}

/// How often at least each verdict has to be among those of the drawn states.
const OFTEN: u32 = 5;

/// All of them.
pub(crate) const CHECKS: &[Check] = &[
    ACCEPT,
    INVITE,
    RESEND,
    CLAIM,
    MARK_SENT,
    MARK_FAILED,
    PUT_BACK,
    PUT_OFF,
    EXPIRE,
    CANCEL,
    RELEASE,
    CHANGE_DEAL,
    CREATE_DEAL,
    REMEMBER_LIFETIME,
    RESERVE_SENDS,
    TAKE,
    GIVE_BACK,
];

fn holds(check: &Check, cases: u32) {
    let trial = Trial::new(cases, true);
    (check.run)(&trial).unwrap_or_else(|error| panic!("{}: {error}", check.name));
    let verdicts = trial.verdicts();
    println!("{}: {verdicts:?}", check.name);
    let came_to: Vec<_> = verdicts.keys().map(String::as_str).collect();
    let mut expected = check.verdicts.to_vec();
    expected.sort_unstable();
    assert_eq!(came_to, expected, "{}: other verdicts than there should be", check.name);
    assert!(verdicts.values().all(|times| *times >= OFTEN), "{}: {verdicts:?}", check.name);
}

fn verdict<R>(outcome: Outcome<R>) -> Result<(), R> {
    match outcome {
        Outcome::Done(_) => Ok(()),
        Outcome::Refused(reason, _) => Err(reason),
    }
}

/// What a write without a reason of its own says.
#[derive(Debug)]
struct NothingDone;

fn done(is_done: bool) -> Result<(), NothingDone> {
    if is_done { Ok(()) } else { Err(NothingDone) }
}

impl Laid {
    async fn record_now(&self) -> Result<Option<InviteRecord>, StoreError> {
        self.world.store.invite(self.link.deal, self.link.invite).await
    }

    async fn is_as_before(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(&self.world.stored().await, &self.before);
        Ok(())
    }

    /// The drawn invite as somebody saw it in the due index.
    fn due(&self) -> Due {
        let asked = &self.drawn.asked;
        Due {
            deal: self.link.deal,
            invite: self.link.invite,
            sends: asked.sends,
            tries: asked.tries,
            due_at: later(asked.due_in),
        }
    }

    /// The link of a new send: one that the invite has had, when the write is repeated, or one that it has not.
    fn new_link(&self) -> (Link, bool) {
        let repeated = self.drawn.asked.coin && self.drawn.asked.link < 4 && self.record.is_some();
        let secret = if repeated { self.link.secret.clone() } else { secret(9) };
        (Link { secret, ..self.link.clone() }, repeated)
    }
}

/// A new send has taken the place of the one before it.
fn is_sent_anew(
    before: Option<&InviteRecord>,
    after: &InviteRecord,
    link: &Link,
    limit: RecipientLimit,
) -> Result<(), TestCaseError> {
    let invite = &after.invite;
    prop_assert_eq!((invite.stored, invite.delivery), (Stored::Open, Delivery::Queued));
    prop_assert_eq!(invite.sends, before.map_or(0, |before| before.invite.sends) + 1);
    prop_assert_eq!((after.tries, &after.links.current), (1, &vec![link.secret.hash()]));
    prop_assert_eq!(invite.expires_at, now() + LIFETIME);
    prop_assert_eq!(after.due_at, Some(now() + inviter().lease));
    prop_assert_eq!((&after.learner, invite.accepted_at), (&None, None));
    if let Some(before) = before.filter(|_| limit.remembered() > 0) {
        prop_assert_eq!(after.asked.first(), Some(&before.invite.queued_at));
        prop_assert_eq!(after.asked.get(1), before.asked.first());
    }
    let superseded = before.map_or_else(Vec::new, |before| before.links.current.clone());
    prop_assert!(superseded.iter().all(|link| after.links.superseded.contains(link)));
    Ok(())
}

const ACCEPT: Check = Check {
    name: "accept",
    verdicts: &[
        "Ok",
        "UnknownInvite",
        "AlreadyYours",
        "Cancelled",
        "Superseded",
        "AlreadyAccepted",
        "Expired",
        "AlreadySeated",
        "DealNotStarted",
        "DealEnded",
        "DealFull",
    ],
    run: |trial| {
        trial.all(&async |laid| {
            let (store, link, me) = (&laid.world.store, &laid.link, learner("me"));
            let (record, deal, hash) = (laid.record.as_ref(), laid.deal.as_ref(), link.secret.hash());
            let rule = may_accept(record, deal, laid.drawn.mine_is_there, &hash, &me, now());
            let outcome = store.accept_invite(link, &me, None, now(), soon()).await;
            match (&rule, outcome) {
                (Ok(()), Ok(AcceptOutcome::Accepted { accepted_at, .. })) => {
                    prop_assert_eq!(accepted_at, now());
                    let after = laid.record_now().await?.unwrap();
                    prop_assert_eq!((after.invite.stored, after.due_at), (Stored::Accepted, None));
                    prop_assert_eq!((after.learner, after.invite.accepted_at), (Some(me), Some(now())));
                    prop_assert_eq!(after.invite.sent.map(|sent| sent.at), Some(tried_at()));
                    // I1: a seat, and one seat more that is held.
                    let stored = laid.world.stored().await;
                    prop_assert_eq!(&stored.mine.unwrap()["invite"], &s(&link.invite.to_string()));
                    let held = deal.unwrap().allocated + 1;
                    prop_assert_eq!(&stored.deal.unwrap()["allocated"], &n(held));
                }
                (
                    Err(AcceptRefusal::AlreadyYours { accepted_at: first }),
                    Ok(AcceptOutcome::Accepted { accepted_at, .. }),
                ) => {
                    prop_assert_eq!(accepted_at, *first);
                    laid.is_as_before().await?;
                }
                (Err(reason), Ok(AcceptOutcome::Refused(refusal))) => {
                    prop_assert_eq!(*reason, refusal);
                    laid.is_as_before().await?;
                }
                // What was accepted in a deal that is gone.
                (Err(AcceptRefusal::AlreadyYours { .. }), Err(StoreError::Corrupt(_))) if deal.is_none() => {}
                (rule, outcome) => prop_assert!(false, "rule {rule:?}, engine {outcome:?}"),
            }
            Ok(rule)
        })
    },
};

const INVITE: Check = Check {
    name: "invite",
    verdicts: &["Ok", "AlreadyPending", "AlreadyAccepted", "TooSoon"],
    run: |trial| {
        trial.all(&async |laid| -> Verdict<SendRefusal> {
            let (link, repeated) = laid.new_link();
            let (store, record) = (&laid.world.store, laid.record.as_ref());
            let limit = laid.drawn.asked.limit;
            let by = Inviter { limit, ..inviter() };
            let outcome =
                store.queue_invite(&laid.world.deal, &email(ADDRESS), None, &link, &by, now()).await?;
            let rule = may_invite(record, limit, now());
            if repeated {
                // It has happened, whatever has happened since.
                laid.is_as_before().await?;
                prop_assert_eq!(verdict(outcome), Ok(()));
                return Ok(Ok(()));
            }
            prop_assert_eq!(verdict(outcome), rule);
            match (rule, laid.record_now().await?) {
                (Ok(()), Some(after)) => {
                    is_sent_anew(record, &after, &link, limit)?;
                    prop_assert_eq!(after.resent_at, None);
                }
                (Ok(()), None) => prop_assert!(false, "it is not there"),
                (Err(_), _) => laid.is_as_before().await?,
            }
            Ok(rule)
        })
    },
};

const RESEND: Check = Check {
    name: "resend",
    verdicts: &["Ok", "NotFound", "AlreadyAccepted", "Stale", "JustResent", "TooSoon"],
    run: |trial| {
        trial.all(&async |laid| -> Verdict<ResendRefusal> {
            let (link, repeated) = laid.new_link();
            let (store, record, expected) =
                (&laid.world.store, laid.record.as_ref(), laid.drawn.asked.expected);
            let limit = laid.drawn.asked.limit;
            let by = Inviter { limit, ..inviter() };
            let outcome = store.resend_invite(&link, expected, &by, now()).await?;
            let rule = may_resend(record, expected, limit, now());
            if repeated {
                laid.is_as_before().await?;
                prop_assert_eq!(verdict(outcome), Ok(()));
                return Ok(Ok(()));
            }
            prop_assert_eq!(verdict(outcome), rule);
            match (rule, laid.record_now().await?) {
                (Ok(()), Some(after)) => {
                    is_sent_anew(record, &after, &link, limit)?;
                    prop_assert_eq!(after.resent_at, Some(now()));
                }
                (Ok(()), None) => prop_assert!(false, "it is not there"),
                (Err(_), _) => laid.is_as_before().await?,
            }
            Ok(rule)
        })
    },
};

const CLAIM: Check = Check {
    name: "claim",
    verdicts: &[
        "Ok",
        "NotDue",
        "DealNotStarted",
        "Never(NotSentInTime)",
        "Never(DealEnded)",
        "Never(TooManyTries)",
    ],
    run: |trial| {
        trial.all(&async |laid| -> Verdict<ClaimRefusal> {
            let Some(deal) = &laid.deal else { return Ok(Err(ClaimRefusal::NotDue)) };
            let (due, link) = (laid.due(), Link { secret: secret(9), ..laid.link.clone() });
            let rule = match &laid.record {
                Some(record) => may_claim(record, deal, due.sends, due.due_at, now()),
                None => Err(ClaimRefusal::NotDue),
            };
            let outcome = laid.world.store.claim_invite(&due, deal, &link, &inviter(), 0.0, now()).await?;
            prop_assert_eq!(verdict(outcome), rule);
            match (rule, laid.record_now().await?, &laid.record) {
                (Ok(()), Some(after), Some(before)) => {
                    prop_assert_eq!((after.tries, after.tried_at), (before.tries + 1, now()));
                    prop_assert!(after.links.current.contains(&link.secret.hash()));
                    prop_assert!(before.links.current.iter().all(|link| after.links.current.contains(link)));
                    prop_assert_eq!(after.invite.expires_at, now() + LIFETIME);
                    prop_assert!(after.due_at > Some(now()));
                }
                (Ok(()), ..) => prop_assert!(false, "it is not there"),
                (Err(_), ..) => laid.is_as_before().await?,
            }
            Ok(rule)
        })
    },
};

const MARK_SENT: Check = Check {
    name: "mark as sent",
    verdicts: &["Ok", "Superseded", "AlreadyMarked"],
    run: |trial| {
        trial.all(&async |laid| -> Verdict<MarkRefusal> {
            let sent = Sent { at: tried_at(), until: tried_at() + LIFETIME };
            let rule = may_mark_sent(laid.record.as_ref(), &laid.link.secret.hash(), sent.at);
            let marked = laid.world.store.mark_sent(&laid.link, sent).await?;
            match (rule, &laid.record) {
                (Ok(()), Some(before)) => {
                    let after = laid.record_now().await?;
                    prop_assert_eq!(&marked, &after);
                    let after = after.unwrap();
                    prop_assert_eq!((after.invite.delivery, after.invite.sent), (Delivery::Sent, Some(sent)));
                    prop_assert_eq!(after.invite.expires_at, sent.until);
                    prop_assert_eq!(after.invite.stored, before.invite.stored);
                    // It keeps its place in the due index if it had one, and comes by none.
                    prop_assert_eq!(after.due_at, before.due_at.map(|_| sent.until));
                    let queue = |stored: &Item| {
                        stored.get("duePk").map(|queue| queue.as_s().unwrap()[..1].to_owned())
                    };
                    let queue = laid.world.stored().await.invite.as_ref().and_then(queue);
                    prop_assert_eq!(queue.as_deref(), before.due_at.map(|_| "E"));
                }
                (Ok(()), None) => prop_assert!(false, "it is not there"),
                (Err(refusal), before) => {
                    let expected = before.clone().filter(|_| refusal == MarkRefusal::AlreadyMarked);
                    prop_assert_eq!(marked, expected);
                    laid.is_as_before().await?;
                }
            }
            Ok(rule)
        })
    },
};

const MARK_FAILED: Check = Check {
    name: "mark as failed",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            // As it was when its mail was tried.
            let (asked, mut seen) = (&laid.drawn.asked, trial.like.clone());
            seen.invite.id = laid.link.invite;
            seen.invite.sends = asked.sends;
            seen.tries = asked.tries;
            seen.invite.expires_at = later(asked.expires_in);
            let rule = laid.record.as_ref().is_some_and(|record| may_mark_failed(record, &seen));
            let reason = FailureReason::InvalidParameter;
            let marked = laid.world.store.mark_failed(laid.link.deal, &seen, reason, now()).await?;
            prop_assert_eq!(&marked, &laid.record_now().await?);
            if rule {
                let after = marked.unwrap();
                prop_assert_eq!(after.invite.delivery, Delivery::Failed { reason, at: now() });
                prop_assert_eq!(after.due_at, Some(after.invite.expires_at));
            } else {
                laid.is_as_before().await?;
            }
            Ok(done(rule))
        })
    },
};

const PUT_BACK: Check = Check {
    name: "put back",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            let (hash, asked) = (laid.link.secret.hash(), &laid.drawn.asked);
            let untried = asked.coin;
            // As its claim left it.
            let mut seen = trial.like.clone();
            (seen.tries, seen.due_at) = (asked.tries, Some(later(asked.due_in)));
            let rule = laid.record.as_ref().is_some_and(|record| may_put_back(record, &hash, &seen));
            laid.world.store.put_back(&laid.link, &seen, later(60), untried).await?;
            if rule {
                let (before, after) = (laid.record.as_ref().unwrap(), laid.record_now().await?.unwrap());
                prop_assert_eq!(after.due_at, Some(later(60)));
                prop_assert_eq!(after.tries, before.tries - u32::from(untried));
                prop_assert_eq!(after.links.current.contains(&hash), !untried);
            } else {
                laid.is_as_before().await?;
            }
            Ok(done(rule))
        })
    },
};

const PUT_OFF: Check = Check {
    name: "put off",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            let due = laid.due();
            let rule = laid.record.as_ref().is_some_and(|record| may_put_off(record, due.due_at));
            laid.world.store.put_off(&due, later(60)).await?;
            if rule {
                prop_assert_eq!(laid.record_now().await?.unwrap().due_at, Some(later(60)));
            } else {
                laid.is_as_before().await?;
            }
            Ok(done(rule))
        })
    },
};

const EXPIRE: Check = Check {
    name: "expire",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            // A sweep sees only what is due: at its expiry, as that was then.
            let asked = &laid.drawn.asked;
            let seen = later(asked.expires_in.min(0));
            let due = Due { due_at: seen, ..laid.due() };
            let may = |record: &InviteRecord| may_expire(record, due.sends, seen, now());
            let rule = laid.record.as_ref().is_some_and(may);
            // Marked before, of this very send: that counts as its own doing.
            let was_marked = laid.record.as_ref().is_some_and(|record| {
                let invite = &record.invite;
                (invite.stored, invite.sends, invite.expires_at) == (Stored::Expired, due.sends, seen)
            });
            prop_assert_eq!(laid.world.store.expire_invite(&due).await?, rule || was_marked);
            if rule {
                let after = laid.record_now().await?.unwrap();
                prop_assert_eq!((after.invite.stored, after.due_at), (Stored::Expired, None));
            } else {
                laid.is_as_before().await?;
            }
            Ok(done(rule))
        })
    },
};

const CANCEL: Check = Check {
    name: "cancel",
    verdicts: &["Ok", "NotFound", "AlreadyDone", "AlreadyAccepted", "Stale"],
    run: |trial| {
        trial.all(&async |laid| {
            let (store, expected) = (&laid.world.store, laid.drawn.asked.expected);
            let rule = may_cancel(laid.record.as_ref(), expected);
            let cancelled = store.cancel_invite(laid.link.deal, laid.link.invite, expected).await?;
            prop_assert_eq!(cancelled, rule);
            if rule.is_ok() {
                let after = laid.record_now().await?.unwrap();
                prop_assert_eq!((after.invite.stored, after.due_at), (Stored::Cancelled, None));
            } else {
                laid.is_as_before().await?;
            }
            Ok(rule)
        })
    },
};

/// Also what no write leaves: an accepted invite without its seat, or a deal that counts too few. Nothing is made worse.
const RELEASE: Check = Check {
    name: "release",
    verdicts: &["Ok", "NotFound", "AlreadyDone", "Stale", "Damaged"],
    run: |trial| {
        trial.all(&async |laid| {
            #[derive(PartialEq, Debug)]
            enum Refusal {
                Rule(ReleaseRefusal),
                Damaged,
            }
            let drawn = &laid.drawn;
            let holder = drawn.invite.as_ref().map_or("other", |invite| invite.holder());
            // Here the learner's seat is there or not as is drawn for who accepted.
            laid.world.lay([(laid.world.seat_key(holder), drawn.theirs_is_there.then(seat))]).await;
            let before = laid.world.stored().await;
            let is_sound = drawn.theirs_is_there && laid.deal.as_ref().is_some_and(|deal| deal.allocated > 0);
            let rule = match may_release(laid.record.as_ref(), drawn.asked.expected) {
                Ok(_) if !is_sound => Err(Refusal::Damaged),
                Ok(_) => Ok(()),
                Err(refusal) => Err(Refusal::Rule(refusal)),
            };
            let released =
                laid.world.store.release_seat(laid.link.deal, laid.link.invite, drawn.asked.expected).await;
            let released = match released {
                Ok(released) => released.map_err(Refusal::Rule),
                Err(StoreError::Corrupt(_)) => Err(Refusal::Damaged),
                Err(error) => return Err(error.into()),
            };
            prop_assert_eq!(&released, &rule);
            let after = laid.world.stored().await;
            if rule.is_ok() {
                let record = laid.record_now().await?.unwrap();
                prop_assert_eq!(
                    (record.invite.stored, record.due_at),
                    (Stored::Released, laid.record.as_ref().unwrap().due_at)
                );
                let seat = if holder == "me" { after.mine } else { after.others };
                prop_assert_eq!(seat, None);
                let held = laid.deal.as_ref().unwrap().allocated - 1;
                prop_assert_eq!(&after.deal.unwrap()["allocated"], &n(held));
            } else {
                prop_assert_eq!(after, before);
            }
            Ok(match rule {
                Err(Refusal::Rule(refusal)) => Err(format!("{refusal:?}").into_boxed_str()),
                Err(Refusal::Damaged) => Err("Damaged".into()),
                Ok(()) => Ok(()),
            })
        })
    },
};

const CHANGE_DEAL: Check = Check {
    name: "change a deal",
    verdicts: &[
        "Ok",
        "NotFound",
        "Stale",
        "SeatsBelowAllocated",
        "SeatsOutOfRange",
        "EndsBeforeStart",
        "EndsTooLate",
    ],
    run: |trial| {
        trial.all(&async |laid| {
            let (seats, starts_in, ends_in, expected_revision) = laid.drawn.change;
            let purge_at = laid.link.deal.purge_at();
            let ends_at = |ends_in| {
                if ends_in < i64::MAX {
                    later(ends_in)
                } else {
                    purge_at - Duration::seconds(i64::from(laid.drawn.asked.coin))
                }
            };
            let change = DealChange {
                seats,
                starts_at: starts_in.map(later),
                ends_at: ends_in.map(ends_at),
                expected_revision,
                ..DealChange::default()
            };
            let rule = match &laid.deal {
                Some(deal) => deal.may_change(&change),
                None => change.check().and(Err(DealChangeRefusal::NotFound)),
            };
            let changed = laid.world.store.change_deal(laid.link.deal, &change).await?;
            prop_assert_eq!(changed.as_ref().err(), rule.as_ref().err());
            if let (Ok(changed), Some(before)) = (changed, &laid.deal) {
                prop_assert_eq!(changed.seats, seats.unwrap_or(before.seats));
                prop_assert_eq!(changed.starts_at, change.starts_at.unwrap_or(before.starts_at));
                prop_assert_eq!(changed.ends_at, change.ends_at.unwrap_or(before.ends_at));
                prop_assert_eq!(
                    (changed.revision, changed.allocated),
                    (before.revision + 1, before.allocated)
                );
                prop_assert_eq!(laid.world.store.deal(laid.link.deal).await?, Some(changed));
            } else {
                laid.is_as_before().await?;
            }
            Ok(rule)
        })
    },
};

/// A key makes one deal, of one request.
const CREATE_DEAL: Check = Check {
    name: "make a deal",
    verdicts: &["Ok", "made before", "key reused"],
    run: |trial| {
        trial.all(&async |laid| {
            let (world, key) = (&laid.world, laid.link.deal.to_string());
            let creation = (format!("K#{key}"), "K".to_owned());
            // The drawn deal is what the key has made, if it has made one.
            let was_made = laid.deal.is_some() && laid.drawn.mine_is_there;
            if was_made {
                let body = if laid.drawn.asked.coin { "body" } else { "another" };
                let made = item([("v", n(1)), ("deal", s(&key)), ("body", s(body)), ("purgeAt", n(1))]);
                world.lay([(creation.clone(), Some(made))]).await;
            }
            let [before] = world.items([creation.clone()]).await;
            let new = NewDeal {
                organisation: world.deal.organisation.clone(),
                name: world.deal.name.clone(),
                seats: 7,
                starts_at: now(),
                ends_at: later(1_000),
            };
            let retention = Duration::days(365);
            let outcome = world.store.create_deal(&new, Some((&key, "body")), retention, now()).await?;
            let [after] = world.items([creation]).await;
            let verdict = match outcome {
                CreateOutcome::Created(made) if !was_made => {
                    prop_assert_eq!((made.seats, made.allocated, made.revision), (7, 0, 1));
                    prop_assert_eq!(&after.unwrap()["deal"], &s(&made.id.to_string()));
                    prop_assert_eq!(world.store.deal(made.id).await?, Some(*made));
                    return Ok(Ok(()));
                }
                CreateOutcome::Created(made) if laid.drawn.asked.coin => {
                    prop_assert_eq!(Some(*made), laid.deal.clone());
                    "made before"
                }
                CreateOutcome::KeyReused if was_made && !laid.drawn.asked.coin => "key reused",
                outcome => return Err(TestCaseError::fail(format!("{outcome:?}"))),
            };
            prop_assert_eq!(after, before);
            laid.is_as_before().await?;
            Ok(Err(verdict))
        })
    },
};

/// What a deal remembers is the shortest lifetime that it was ever used with, and only if it is there.
const REMEMBER_LIFETIME: Check = Check {
    name: "remember a lifetime",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            let Some(drawn) = &laid.drawn.deal else {
                laid.world.store.remember_lifetime(&laid.world.deal, Duration::seconds(1)).await?;
                laid.is_as_before().await?;
                return Ok(done(false));
            };
            // Whoever uses it may have read it before somebody else did.
            let mut seen = laid.deal.clone().unwrap();
            if laid.drawn.asked.coin {
                seen.shortest_lifetime = None;
            }
            laid.world.store.remember_lifetime(&seen, Duration::seconds(60)).await?;
            let is_shorter = drawn.shortest_lifetime.is_none_or(|shortest| shortest > 60);
            if is_shorter {
                let after = laid.world.stored().await.deal.unwrap();
                prop_assert_eq!(&after["shortestLifetime"], &n(60));
            } else {
                laid.is_as_before().await?;
            }
            Ok(done(is_shorter))
        })
    },
};

/// A turn begins now or when the one before it ends, if that is soon enough.
const RESERVE_SENDS: Check = Check {
    name: "reserve a turn",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            let (world, slots) = (&laid.world, ("RATE".to_owned(), "RATE".to_owned()));
            let free_in = laid.drawn.invite.as_ref().map(|invite| invite.expires_in);
            let free_at = free_in.map(|seconds| item([("freeAt", n(later(seconds).timestamp_millis()))]));
            world.lay([(slots.clone(), free_at)]).await;
            let until = later(laid.drawn.asked.expires_in.max(0));
            let turn = world.store.reserve_sends(14, 7, now(), until).await?;
            let expected = free_in.map_or(now(), later).max(now());
            let is_in_time = expected <= until;
            prop_assert_eq!(turn, is_in_time.then_some(expected));
            let [after] = world.items([slots]).await;
            let cost = Duration::seconds(if is_in_time { 2 } else { 0 });
            prop_assert_eq!(&after.unwrap()["freeAt"], &n((expected + cost).timestamp_millis()));
            Ok(done(is_in_time))
        })
    },
};

/// At most eight sends in a manager's hour.
fn eight_an_hour() -> SendingLimits {
    SendingLimits { recipient: RecipientLimit::NONE, manager_per_hour: 8, deal_per_day: Some(0) }
}

/// Where a manager's sends are counted.
fn manager_key() -> Key {
    (format!("M#{}", learner("max").as_str()), "SENDS".to_owned())
}

fn window(used: u32, ends_at: Timestamp) -> Item {
    item([("used", n(used)), ("windowEnds", n(ends_at.timestamp_millis()))])
}

/// A window lets through what it has left, and the next one begins when it is over.
const TAKE: Check = Check {
    name: "take from a limit",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            let (world, asked) = (&laid.world, &laid.drawn.asked);
            let before = laid.drawn.invite.as_ref().map(|invite| (invite.tries, later(invite.expires_in)));
            world.lay([(manager_key(), before.map(|(used, ends_at)| window(used, ends_at)))]).await;
            let (manager, limits, wanted) = (learner("max"), eight_an_hour(), asked.sends);
            let sender = Sender { manager: &manager, deal: &world.deal, limits: &limits };
            let foreseen = world.store.foresee_allowance(sender, wanted, now()).await?;
            let taken = world.store.take_allowance(sender, wanted, now()).await?;
            prop_assert_eq!((foreseen.sends, foreseen.retry_at), (taken.sends, taken.retry_at));
            let (used, ends_at) =
                before.filter(|(_, ends_at)| now() < *ends_at).unwrap_or((0, now() + Duration::hours(1)));
            let room = wanted.min(8 - used);
            prop_assert_eq!((taken.sends, taken.retry_at), (room, (room < wanted).then_some(ends_at)));
            let [after] = world.items([manager_key()]).await;
            let after = after.unwrap();
            prop_assert_eq!(
                (&after["used"], &after["windowEnds"]),
                (&n(used + room), &n(ends_at.timestamp_millis()))
            );
            Ok(done(room == wanted))
        })
    },
};

/// What was not used goes back into the window that it came from, once.
const GIVE_BACK: Check = Check {
    name: "give back to a limit",
    verdicts: &["Ok", "NothingDone"],
    run: |trial| {
        trial.all(&async |laid| {
            let (world, asked) = (&laid.world, &laid.drawn.asked);
            let Some(drawn) = &laid.drawn.invite else { return Ok(done(false)) };
            world.lay([(manager_key(), None)]).await;
            let (manager, limits) = (learner("max"), eight_an_hour());
            let sender = Sender { manager: &manager, deal: &world.deal, limits: &limits };
            let taken = world.store.take_allowance(sender, 7, now()).await?;
            // Meanwhile others took, or gave back, and another window may have begun.
            let ends_at = now() + Duration::hours(1) + Duration::seconds(asked.expires_in - 1);
            let mut before = window(drawn.tries, ends_at);
            before.insert("attempt1".into(), s(if asked.coin { "another" } else { "none" }));
            world.lay([(manager_key(), Some(before.clone()))]).await;
            world.store.give_back(taken, 0).await?;
            let is_given = asked.expires_in == 1 && drawn.tries >= 7;
            let [after] = world.items([manager_key()]).await;
            let after = after.unwrap();
            if is_given {
                prop_assert_eq!(
                    (&after["used"], &after["windowEnds"]),
                    (&n(drawn.tries - 7), &before["windowEnds"])
                );
            } else {
                let unchanged = before.iter().all(|(name, value)| after.get(name) == Some(value));
                prop_assert!(unchanged && after.len() == before.len() + 2, "{after:?}");
            }
            Ok(done(is_given))
        })
    },
};

#[test]
fn accept_and_its_conditions_agree() {
    holds(&ACCEPT, 1_000);
}

#[test]
fn invite_and_its_condition_agree() {
    holds(&INVITE, 400);
}

#[test]
fn resend_and_its_condition_agree() {
    holds(&RESEND, 1_200);
}

#[test]
fn claim_and_its_condition_agree() {
    holds(&CLAIM, 1_000);
}

#[test]
fn marking_as_sent_and_its_conditions_agree() {
    holds(&MARK_SENT, 300);
}

#[test]
fn marking_as_failed_and_its_condition_agree() {
    holds(&MARK_FAILED, 300);
}

#[test]
fn putting_back_and_its_condition_agree() {
    holds(&PUT_BACK, 300);
}

#[test]
fn putting_off_and_its_condition_agree() {
    holds(&PUT_OFF, 300);
}

#[test]
fn expire_and_its_condition_agree() {
    holds(&EXPIRE, 300);
}

#[test]
fn cancel_and_its_condition_agree() {
    holds(&CANCEL, 300);
}

#[test]
fn release_and_its_conditions_agree() {
    holds(&RELEASE, 400);
}

#[test]
fn changing_a_deal_and_its_condition_agree() {
    holds(&CHANGE_DEAL, 300);
}

#[test]
fn a_key_makes_one_deal() {
    holds(&CREATE_DEAL, 300);
}

#[test]
fn the_shortest_lifetime_is_remembered() {
    holds(&REMEMBER_LIFETIME, 300);
}

#[test]
fn a_window_lets_through_what_it_has_left() {
    holds(&TAKE, 300);
}

#[test]
fn what_was_not_used_goes_back_into_its_window() {
    holds(&GIVE_BACK, 300);
}

#[test]
fn a_turn_begins_when_the_one_before_it_ends() {
    holds(&RESERVE_SENDS, 300);
}
