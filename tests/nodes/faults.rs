//! Brokers that are down, killed, frozen or refuse, and nodes that stop.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crate::servers::{Kind, PASSWORD, Server, Setup, skipped};
use crate::{Node, definition, eventually, with_brokers};

const LOST: &str = "The broker cannot be reached";
const AGAIN: &str = "Connected to the broker again";

fn kills() -> usize {
    std::env::var("SYNCGATE_KILLS").ok().map_or(2, |kills| kills.parse().expect("SYNCGATE_KILLS is a number"))
}

fn ids(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}-{number}")).collect()
}

fn send_all(node: &Node, ids: &[String]) {
    ids.iter().for_each(|id| node.send(id));
}

/// The next `count` ids.
fn take(subscriber: &mut crate::subscriber::Subscriber, count: usize) -> Vec<String> {
    (0..count).map(|_| subscriber.next_id()).collect()
}

#[test]
fn without_the_broker_mutations_answer_and_local_subscribers_hear_them_and_the_others_when_it_is_back() {
    with_brokers(Setup::Open, |mut broker| {
        let definition = definition();
        let (a, b) = (Node::start(&definition, &broker.url()), Node::start(&definition, &broker.url()));
        let (mut at_a, mut at_b) = (a.listen(), b.listen());
        let all = ids("before", 10);
        send_all(&a, &all);
        assert_eq!((take(&mut at_a, 10), take(&mut at_b, 10)), (all.clone(), all));

        broker.kill();
        a.logs(1, &[LOST, &broker.port.to_string()]);
        b.logs(1, &[LOST, &broker.port.to_string()]);
        let (of_a, of_b) = (ids("a", 20), ids("b", 20));
        send_all(&a, &of_a);
        send_all(&b, &of_b);
        assert_eq!((take(&mut at_a, 20), take(&mut at_b, 20)), (of_a.clone(), of_b.clone()), "the local ones");

        broker.start();
        assert_eq!((take(&mut at_a, 20), take(&mut at_b, 20)), (of_b, of_a), "those of the other, which had waited");
        let after = ids("after", 10);
        send_all(&a, &after);
        assert_eq!((take(&mut at_a, 10), take(&mut at_b, 10)), (after.clone(), after));
        for node in [&a, &b] {
            node.logs(1, &[AGAIN]);
        }
    });
}

#[test]
fn a_broker_that_hangs_stops_no_mutation() {
    with_brokers(Setup::Open, |broker| {
        let definition = definition();
        let (a, b) = (Node::start(&definition, &broker.url()), Node::start(&definition, &broker.url()));
        let (mut at_a, mut at_b) = (a.listen(), b.listen());
        broker.freeze(true);
        let all = ids("frozen", 50);
        send_all(&a, &all);
        assert_eq!(take(&mut at_a, 50), all);
        broker.freeze(false);
        assert_eq!(take(&mut at_b, 50), all);
    });
}

#[test]
fn what_does_not_fit_while_the_broker_is_down_is_counted_on_both_sides_and_delivery_goes_on() {
    with_brokers(Setup::Open, |mut broker| {
        let definition = definition();
        let (mut a, mut b) = (Node::start(&definition, &broker.url()), Node::start(&definition, &broker.url()));
        let (mut at_a, mut at_b) = (a.listen(), b.listen());
        a.send("first");
        assert_eq!((at_a.next_id(), at_b.next_id()), ("first".to_owned(), "first".to_owned()));
        broker.kill();
        a.logs(1, &[LOST]);
        b.logs(1, &[LOST]);
        // More than 16 MiB.
        let text = "t".repeat(60_000);
        let all = ids("large", 320);
        for id in &all {
            a.mutate(&format!(r#"send(id: "{id}", text: "{text}") {{ id text }}"#));
        }
        assert_eq!(take(&mut at_a, all.len()), all, "here nothing is lost");
        a.logs(1, &["Events for other nodes were dropped"]);
        broker.start();
        a.send("last");
        let came = at_b.ids_until("last");
        assert_eq!(came, all[all.len() - came.len()..], "the newest");
        let missed = (all.len() - came.len()).to_string();
        assert!(came.len() > 100 && came.len() < all.len(), "{missed} missed");
        b.logs(1, &["Events of another node did not arrive", &format!("count={missed} ")]);
        for (node, counted) in [(&mut a, "dropped_broker"), (&mut b, "dropped_missed")] {
            node.server.terminate();
            assert!(node.server.wait().success());
            node.logs(1, &["subscribers", &format!("{counted}={missed} ")]);
        }
    });
}

#[test]
fn a_broker_that_is_killed_under_load_makes_nothing_arrive_twice_and_everything_while_it_is_there() {
    with_brokers(Setup::Open, |mut broker| {
        let definition = definition();
        let (a, b) = (Node::start(&definition, &broker.url()), Node::start(&definition, &broker.url()));
        let (mut at_a, mut at_b) = (a.listen(), b.listen());
        // All that came to either, of all rounds.
        let mut seen = [HashSet::new(), HashSet::new()];
        for round in 0..kills() {
            let stop = AtomicBool::new(false);
            let (a, b, stop) = (&a, &b, &stop);
            let load = |node: &Node, name: &str| {
                let mut sent = Vec::new();
                while !stop.load(SeqCst) {
                    sent.push(format!("{name}{round}-{}", sent.len()));
                    node.send(&sent[sent.len() - 1]);
                }
                sent
            };
            let (of_a, of_b) = std::thread::scope(|scope| {
                let loads = [scope.spawn(|| load(a, "a")), scope.spawn(|| load(b, "b"))];
                // Some flow as they come.
                a.send(&format!("flows{round}"));
                broker.kill();
                a.logs(round + 1, &[LOST]);
                b.logs(round + 1, &[LOST]);
                broker.start();
                a.logs(round + 1, &[AGAIN]);
                b.logs(round + 1, &[AGAIN]);
                stop.store(true, SeqCst);
                let [of_a, of_b] = loads.map(|load| load.join().expect("the load ends"));
                (of_a, of_b)
            });
            // It is there again.
            let (of_a_then, of_b_then) = (ids(&format!("a{round}-then"), 50), ids(&format!("b{round}-then"), 50));
            send_all(a, &of_a_then);
            send_all(b, &of_b_then);
            let (last_of_a, last_of_b) = (of_a_then[49].clone(), of_b_then[49].clone());
            let [seen_by_a, seen_by_b] = &mut seen;
            let check = |name: &str,
                         seen: &mut HashSet<String>,
                         came: Vec<String>,
                         own: [&[String]; 2],
                         others: [&[String]; 2],
                         node: &Node| {
                for id in came {
                    assert!(seen.insert(id.clone()), "{name} got {id} twice");
                }
                let missing: Vec<_> = own.into_iter().flatten().filter(|id| !seen.contains(*id)).collect();
                assert!(missing.is_empty(), "{name} misses of its own: {missing:?}");
                let missing: Vec<_> = others[1].iter().filter(|id| !seen.contains(*id)).collect();
                assert!(missing.is_empty(), "{name} misses of the other: {missing:?}");
                // What did not get through the kill is said.
                if others[0].iter().any(|id| !seen.contains(id)) {
                    node.logs(1, &["Events of another node did not arrive"]);
                }
            };
            let came_to = |subscriber: &mut crate::subscriber::Subscriber| {
                let mut came: Vec<String> = Vec::new();
                while !(came.contains(&last_of_a) && came.contains(&last_of_b)) {
                    came.push(subscriber.next_id());
                }
                came
            };
            let (came_to_a, came_to_b) = (came_to(&mut at_a), came_to(&mut at_b));
            assert!(!of_a.is_empty() && !of_b.is_empty());
            check("a", seen_by_a, came_to_a, [&of_a, &of_a_then], [&of_b, &of_b_then], a);
            check("b", seen_by_b, came_to_b, [&of_b, &of_b_then], [&of_a, &of_a_then], b);
        }
        // What came twice after all would come before this.
        a.send("end");
        assert_eq!((at_a.next_id(), at_b.next_id()), ("end".to_owned(), "end".to_owned()));
    });
}

#[test]
fn a_node_that_starts_without_the_broker_serves_and_joins_later() {
    if skipped() {
        return;
    }
    for kind in [Kind::Nats, Kind::Redis] {
        let mut broker = Server::new(kind, Setup::Open);
        let definition = definition();
        let [a, b] = [(); 2].map(|()| Node::start_with(&definition, &broker.url(), &[]));
        for node in [&a, &b] {
            node.logs(1, &["starting without the broker"]);
            node.logs(1, &[LOST, &broker.port.to_string(), "Connection refused"]);
        }
        let (mut at_a, mut at_b) = (a.listen(), b.listen());
        a.send("alone");
        assert_eq!(at_a.next_id(), "alone");
        broker.start();
        for node in [&a, &b] {
            node.logs(1, &[AGAIN]);
        }
        // What was sent before they knew of each other may arrive or not, but once.
        b.send("of b");
        a.send("of a");
        let of_a: Vec<_> = [at_b.next_id(), at_b.next_id()].into();
        let rest = if of_a.contains(&"alone".to_owned()) { vec![at_b.next_id()] } else { Vec::new() };
        let mut came: Vec<_> = of_a.into_iter().chain(rest).filter(|id| id != "alone").collect();
        came.sort();
        assert_eq!(came, ["of a", "of b"]);
        let mut came = take(&mut at_a, 2);
        came.sort();
        assert_eq!(came, ["of a", "of b"]);
    }
}

#[test]
fn a_node_that_is_told_to_stop_lets_its_last_events_go_first() {
    with_brokers(Setup::Open, |mut broker| {
        let definition = definition();
        let (mut a, mut b, c) = (
            Node::start(&definition, &broker.url()),
            Node::start(&definition, &broker.url()),
            Node::start(&definition, &broker.url()),
        );
        let mut at_c = c.listen();
        let all = ids("last", 100);
        send_all(&a, &all);
        a.server.terminate();
        assert!(a.server.wait().success());
        assert_eq!(take(&mut at_c, 100), all);

        // Also those that wait for the broker.
        b.send("known");
        assert_eq!(at_c.next_id(), "known");
        broker.kill();
        b.logs(1, &[LOST]);
        let all = ids("waiting", 100);
        send_all(&b, &all);
        b.server.terminate();
        b.logs(1, &["waiting for the broker to come back", "events=100"]);
        broker.start();
        assert_eq!(take(&mut at_c, 100), all);
        assert!(b.server.wait().success());
    });
}

#[test]
fn a_node_whose_broker_does_not_come_back_stops_at_the_end_of_its_grace_and_says_what_is_lost() {
    with_brokers(Setup::Open, |mut broker| {
        let definition = definition();
        let mut a = Node::start_with(&definition, &broker.url(), &[("SYNCGATE_SERVER__SHUTDOWN_GRACE", "100ms")]);
        broker.kill();
        a.logs(1, &[LOST]);
        send_all(&a, &ids("lost", 7));
        a.server.terminate();
        assert!(a.server.wait().success());
        a.logs(1, &["Events were not sent to other nodes", "count=7 "]);
    });
}

#[test]
fn a_url_that_no_broker_has_is_refused_at_start_without_what_it_hides() {
    for (url, says) in [
        (format!("amqp://app:{PASSWORD}@localhost:1"), "nats://"),
        (format!("app:{PASSWORD}@localhost"), "nats://"),
        (format!("nats://app:{PASSWORD}@"), "cannot be read"),
        (format!("redis://app:{PASSWORD}@localhost:notaport"), "cannot be read"),
        (format!("redis://app:{PASSWORD}@localhost:6379/0?password={PASSWORD}"), "option that is not known"),
        (format!("tls://app:{PASSWORD}@localhost?ca=/no/such/file"), "/no/such/file"),
    ] {
        let definition = definition();
        let refused = |command: std::process::Command| {
            let output = crate::harness::run(command);
            assert_ne!(output.code, Some(0), "{url}");
            assert!(output.stderr.contains("broker") && output.stderr.contains(says), "{url}: {}", output.stderr);
            let said = output.stderr + &output.stdout;
            assert!(!said.contains("never-to-be-shown"), "{said}");
        };
        let serve = || {
            let mut command = crate::harness::command();
            command.current_dir(definition.path("")).args(["serve", "--port", "0"]);
            command
        };
        let mut by_environment = serve();
        by_environment.env("SYNCGATE_REALTIME__BROKER", &url);
        refused(by_environment);
        definition.write("config.toml", &format!("{}\n[realtime]\nbroker = \"{url}\"\n", crate::harness::config("")));
        refused(serve());
    }
}

#[test]
fn a_password_that_is_wrong_is_a_reason_in_the_log_and_never_shown() {
    with_brokers(Setup::Password, |broker| {
        let definition = definition();
        let said = match broker.kind {
            Kind::Nats => "authorization violation",
            Kind::Redis => "WRONGPASS",
        };
        let trace = [("SYNCGATE_LOG", "trace"), ("SYNCGATE_SERVER__SECRET", crate::SECRET)];
        let wrong = Node::start_with(&definition, &broker.url_with("never-to-be-shown-either"), &trace);
        wrong.logs(1, &[LOST, said]);
        let mut subscriber = wrong.listen();
        wrong.send("served");
        assert_eq!(subscriber.next_id(), "served");

        let right = [(); 2].map(|()| Node::start_with(&definition, &broker.url_with(PASSWORD), &trace));
        right.iter().for_each(|node| node.logs(1, &["Connected to the broker"]));
        let mut subscriber = right[1].listen();
        right[0].send("over it");
        assert_eq!(subscriber.next_id(), "over it");
        for node in right.iter().chain([&wrong]) {
            let shown = node.server.log() + &node.server.summary;
            assert!(!shown.contains("never-to-be-shown"), "the log has a password");
            eventually("there is a log of this level", || node.server.log().contains("DEBUG"));
        }
    });
}
