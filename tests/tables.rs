//! `syncgate seed`: files of items into the tables of the data folder, read back from there.

mod harness;
#[path = "clients/orders.rs"]
mod orders;

use dynamodb::{Durability, Dynamodb, Embedded, Operation};
use harness::{Definition, Output, Server, command, config, run};
use value::{Value, value};

/// A definition with the table `posts`, and `more` as further tables or keys of that table.
fn definition(more: &str) -> Definition {
    let table = "[[table]]\ntable_name = \"posts\"\nkey_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]\n";
    Definition::of(&[("config.toml", &format!("{}\n{table}{more}", config(""))), ("schema.graphql", "type Query { a: Int }\n")])
}

/// The items of a table as JSON in the order of their keys.
fn items(definition: &Definition, table: &str) -> Vec<String> {
    let path = definition.path(".syncgate/dynamodb.db");
    assert!(path.is_file(), "the tables are in the data folder");
    let engine = Embedded::open(&path, Durability::Process).expect("the tables open");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut items = Vec::new();
    let mut start = Value::Null;
    loop {
        let mut request = value!({ "TableName": table });
        if !start.is_null() {
            request.as_object_mut().expect("an object").insert("ExclusiveStartKey", start);
        }
        let page = runtime.block_on(engine.call(Operation::Scan, request)).expect("a page").body;
        items.extend(page.get("Items").and_then(Value::as_list).expect("items").iter().map(sorted));
        match page.get("LastEvaluatedKey") {
            Some(key) => start = key.clone(),
            None => break,
        }
    }
    items.sort();
    items
}

/// An item with its attributes in the order of the alphabet, `id` first.
fn sorted(item: &Value) -> String {
    let mut members: Vec<_> = item.as_object().expect("an item").iter().collect();
    members.sort_by_key(|(name, _)| (&***name != "id", (*name).clone()));
    let members: Vec<String> = members.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    members.join(" ")
}

fn succeeded(output: &Output) {
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
}

/// Output without the seconds.
fn timeless(output: &Output) -> String {
    let lines = output.stdout.lines().map(|line| line.rsplit_once(" in ").map_or(line, |(line, _)| line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_seeds_of_the_definition_fill_its_tables() {
    let definition = definition(
        "seed = \"seeds/posts/*\"\n[[table]]\ntable_name = \"users\"\nseed = [\"seeds/users.jsonl\"]\n\
         key_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]\n",
    );
    definition.write("seeds/posts/a.json", "[\n  {\"id\": \"1\", \"n\": 3.50, \"tags\": [\"a\", null]},\n  {\"id\": \"2\"}\n]\n");
    definition.write("seeds/posts/b.jsonl", "{\"Item\":{\"id\":{\"S\":\"3\"},\"s\":{\"SS\":[\"x\"]}}}\n");
    definition.write("seeds/users.jsonl", "{\"id\":\"u1\"}\n");
    let output = definition.run(&["seed"]);
    succeeded(&output);
    assert_eq!(timeless(&output), "made the table posts\nmade the table users\n3 items into posts\n1 item into users");
    let posts = items(&definition, "posts");
    let first = r#"id={"S":"1"} n={"N":"3.5"} tags={"L":[{"S":"a"},{"NULL":true}]}"#;
    assert_eq!(posts, [first, r#"id={"S":"2"}"#, r#"id={"S":"3"} s={"SS":["x"]}"#]);
    assert_eq!(items(&definition, "users"), [r#"id={"S":"u1"}"#]);
    // Once more: tables and items are there, and stay as they are.
    let again = definition.run(&["seed", "--table", "posts"]);
    succeeded(&again);
    assert_eq!(timeless(&again), "3 items into posts");
    assert_eq!(items(&definition, "posts"), posts);
}

#[test]
fn files_of_the_command_line_find_their_table() {
    let definition =
        definition("[[table]]\ntable_name = \"users\"\nkey_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]\n");
    definition.write("users.json", "[{\"id\":\"u\"}]");
    definition.write("other.json", "{\"id\":{\"S\":\"o\"}}");
    let batch = r#"{"posts":[{"PutRequest":{"Item":{"id":{"S":"p"}}}}],"users":[{"PutRequest":{"Item":{"id":{"S":"v"}}}}]}"#;
    definition.write("batch.json", batch);
    succeeded(&definition.run(&["seed", "users.json"]));
    succeeded(&definition.run(&["seed", "other.json", "--table", "posts"]));
    let output = definition.run(&["seed", "batch.json"]);
    succeeded(&output);
    assert_eq!(timeless(&output), "1 item into posts\n1 item into users");
    assert_eq!(items(&definition, "posts"), [r#"id={"S":"o"}"#, r#"id={"S":"p"}"#]);
    assert_eq!(items(&definition, "users"), [r#"id={"S":"u"}"#, r#"id={"S":"v"}"#]);

    let cases: [(&[&str], &str); 6] = [
        (&["seed", "other.json"], "error: other.json:1: which table is it for? Say it with --table"),
        (&["seed", "other.json", "--table", "pots"], "other.json:1: there is no table `pots`; there are: posts, users"),
        (&["seed", "--table", "pots"], "no [[table]] is called `pots`\n  = help: did you mean `posts`?"),
        (&["seed"], "there is nothing to write: no [[table]] names files with `seed`"),
        (&["seed", "none.json", "--table", "posts"], "none.json: cannot be read"),
        (&["seed", "users.json", "--endpoint", "here"], "--endpoint is no URL: here"),
    ];
    for (arguments, expected) in cases {
        let output = definition.run(arguments);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
        assert!(output.stderr.contains(expected), "{expected} is missing in {}", output.stderr);
    }
}

#[test]
fn the_first_bad_item_stops_with_its_place_and_says_what_was_written() {
    let lines: Vec<String> = (1..=40).map(|number| format!("{{\"id\":\"{number}\"}}")).collect();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at - 1] = line.to_owned();
        lines.join("\n")
    };
    let cases = [
        // What is no JSON: everything before it is written.
        (with(31, "{\"id\":}"), "error: posts.jsonl:31: this is not JSON: ", Some(30)),
        (with(1, "1"), "error: posts.jsonl:1: an item is an object, not a number", Some(0)),
        // What DynamoDB refuses, in its words: others may be written beside it.
        (with(12, "{\"name\":\"x\"}"), "error: posts.jsonl:12: One or more parameter values", None),
        (with(40, "{\"id\":5}"), "error: posts.jsonl:40: One or more parameter values", None),
        (with(2, "{\"id\":\"\"}"), "error: posts.jsonl:2: One or more parameter values", None),
    ];
    for (text, expected, written) in cases {
        let definition = definition("");
        definition.write("posts.jsonl", &text);
        let output = definition.run(&["seed", "posts.jsonl"]);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.starts_with(expected), "{expected}: {}", output.stderr);
        let there = items(&definition, "posts").len();
        assert!(there < 40 && written.is_none_or(|written| written == there), "{there}: {}", output.stderr);
        let count = match there {
            0 => "written so far: nothing".to_owned(),
            there => format!("written so far: {there} item"),
        };
        assert!(output.stderr.contains(&count), "{count}: {}", output.stderr);
    }
    let definition = definition("");
    definition.write("posts.json", "[\n{\"id\":\"1\"},\n{\"id\":\n  {\"S\": 1}}\n]");
    let output = definition.run(&["seed", "posts.json"]);
    assert!(output.stderr.starts_with("error: posts.json:3: "), "{}", output.stderr);
}

#[test]
fn of_items_with_one_key_the_last_one_stays() {
    let definition = definition("");
    let lines: Vec<String> = (0..300).map(|number| format!("{{\"id\":\"{}\",\"n\":{number}}}", number % 3)).collect();
    definition.write("posts.jsonl", &lines.join("\n"));
    let output = definition.run(&["seed", "posts.jsonl"]);
    succeeded(&output);
    assert_eq!(timeless(&output), "made the table posts\n300 items into posts");
    let expected: Vec<String> = (0..3).map(|id| format!("id={{\"S\":\"{id}\"}} n={{\"N\":\"{}\"}}", 297 + id)).collect();
    assert_eq!(items(&definition, "posts"), expected);
}

#[test]
fn many_items_arrive_and_progress_is_told() {
    let definition = definition("");
    let text = "x".repeat(200);
    let lines: String = (0..10_000).map(|number| format!("{{\"id\":\"{number:05}\",\"text\":\"{text}\"}}\n")).collect();
    definition.write("posts.jsonl", &lines);
    let output = definition.run(&["seed", "posts.jsonl"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(timeless(&output), "made the table posts\n10,000 items into posts");
    let told: Vec<&str> = output.stderr.lines().collect();
    assert!(told.len() <= 10 && told.last() == Some(&"100 %, 10,000 items"), "{told:?}");
    assert_eq!(items(&definition, "posts").len(), 10_000);
}

#[test]
fn another_table_than_the_definitions_is_refused_and_made_anew_on_request() {
    let definition = definition("seed = \"posts.json\"\n");
    definition.write("posts.json", "[{\"id\":\"1\",\"author\":\"a\"}]");
    succeeded(&definition.run(&["seed"]));
    let text = definition.read("config.toml").replace("attribute_name = \"id\"", "attribute_name = \"author\"");
    definition.write("config.toml", &text);
    let output = definition.run(&["seed"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    for expected in [
        "error[table-differs]: table `posts` has another key: author (HASH) in the file, id (HASH) in the table",
        "config.toml:13:14",
        "syncgate seed --recreate --table posts",
        "1 error; nothing was written",
    ] {
        assert!(output.stderr.contains(expected), "{expected} is missing in {}", output.stderr);
    }
    let output = definition.run(&["seed", "--recreate", "--table", "posts"]);
    succeeded(&output);
    assert_eq!(timeless(&output), "deleted the table posts\nmade the table posts\n1 item into posts");
    assert_eq!(definition.run(&["seed", "--recreate"]).code, Some(2), "which table must be said");
}

#[test]
fn tables_that_another_process_has_are_reached_through_it() {
    let definition = definition("");
    definition.write("posts.json", "[{\"id\":\"1\"}]");
    succeeded(&definition.run(&["seed", "posts.json"]));
    let lock = std::fs::File::open(definition.path(".syncgate/dynamodb.db.lock")).expect("the lock");
    lock.try_lock().expect("it is free");
    let output = definition.run(&["seed", "posts.json"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    let expected = "a running server has them; write through it:\n  = help: syncgate seed posts.json --endpoint http://127.0.0.1:4000/dynamodb/";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
    drop(lock);
    succeeded(&definition.run(&["seed", "posts.json"]));
}

#[test]
fn a_broken_definition_is_reported_and_nothing_is_written() {
    let definition = definition("sede = []\n");
    let output = definition.run(&["seed"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("did you mean `seed`?"), "{}", output.stderr);
    assert!(!definition.path(".syncgate").exists());
}

/// 2,000 items of about 900 bytes in the table `orders`, which has an index.
fn many_orders(definition: &Definition) {
    let note = "x".repeat(840);
    let line = |n: usize| format!("{{\"id\":\"o{n}\",\"customer\":\"c{}\",\"total\":{n},\"note\":\"{note}\"}}\n", n % 8);
    definition.write("orders.jsonl", &(0..2_000).map(line).collect::<String>());
}

/// The seeded items are there for resolvers, in the table and in its index.
fn check_many_orders(server: &Server) {
    let query = r#"{ last: order(id: "o1999") { customer total } ordersOf(customer: "c5") { items { id } } }"#;
    let answer = server.client().query(query);
    let body = Value::parse(answer.body.as_bytes()).expect("JSON");
    assert_eq!(body.at(&["data", "last"]).to_json(), r#"{"customer":"c7","total":1999.0}"#, "{}", answer.body);
    let found: Vec<_> = body.at(&["data", "ordersOf", "items"]).as_list().expect("items").to_vec();
    let expected: Vec<_> = (0..2_000).filter(|n| n % 8 == 5).map(|n| value!({"id": (format!("o{n}"))})).collect();
    assert_eq!(found, expected);
}

#[test]
fn seeded_items_are_what_resolvers_find() {
    let definition = orders::definition();
    many_orders(&definition);
    let output = definition.run(&["seed", "orders.jsonl", "--data", "data"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(timeless(&output), "made the table orders\n2,000 items into orders");
    check_many_orders(&definition.serve());
}

#[test]
fn a_running_server_is_seeded_through_its_endpoint() {
    let definition = orders::definition();
    many_orders(&definition);
    let server = definition.serve();
    let local = definition.run(&["seed", "orders.jsonl", "--data", "data"]);
    assert_eq!((local.code, local.stdout.as_str()), (Some(1), ""), "{local:?}");
    let endpoint = format!("http://{}/dynamodb/", server.address);
    let output = definition.run(&["seed", "orders.jsonl", "--endpoint", &endpoint]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(timeless(&output), "2,000 items into orders");
    check_many_orders(&server);
}

/// The items of `posts` behind a server's address.
fn served(server: &Server) -> Vec<String> {
    let headers = [("x-amz-target", "DynamoDB_20120810.Scan"), ("content-type", "application/x-amz-json-1.0")];
    let answer = server.client().request("POST", "/dynamodb/", &headers, r#"{"TableName":"posts"}"#);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let page = Value::parse(answer.body.as_bytes()).expect("JSON");
    let mut items: Vec<String> = page.get("Items").and_then(Value::as_list).expect("items").iter().map(sorted).collect();
    items.sort();
    items
}

#[test]
fn the_endpoint_of_the_definition_is_written_to_unless_another_is_named() {
    let server = definition("").serve();
    let url = format!("http://{}/dynamodb/", server.address);
    let there = definition(&format!("[dynamodb]\nendpoint = \"{url}\"\n"));
    there.write("posts.jsonl", "{\"id\":\"1\"}\n");
    let output = there.run(&["seed", "posts.jsonl"]);
    succeeded(&output);
    assert_eq!(timeless(&output), "1 item into posts");
    assert_eq!(served(&server), [r#"id={"S":"1"}"#]);

    // Nothing listens on the port of the definition.
    let elsewhere = definition("[dynamodb]\nendpoint = \"http://127.0.0.1:9/dynamodb/\"\n");
    elsewhere.write("posts.jsonl", "{\"id\":\"2\"}\n");
    let output = elsewhere.run(&["seed", "posts.jsonl"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    assert!(output.stderr.contains("cannot make or compare the table `posts`"), "{}", output.stderr);
    succeeded(&elsewhere.run(&["seed", "posts.jsonl", "--endpoint", &url]));
    assert_eq!(served(&server), [r#"id={"S":"1"}"#, r#"id={"S":"2"}"#]);
    for definition in [there, elsewhere] {
        assert!(!definition.path(".syncgate").exists(), "no tables in its own folder");
    }
}

#[test]
fn a_table_is_not_deleted_for_files_that_cannot_be_written() {
    let definition = definition("");
    definition.write("posts.jsonl", "{\"id\":\"1\"}\n");
    succeeded(&definition.run(&["seed", "posts.jsonl"]));
    definition.write("broken.jsonl", "{\"id\":\"2\"}\n{\"id\":}\n");
    definition.write("keyless.jsonl", "\n{\"name\":\"x\"}\n");
    definition.write("number.json", "[{\"id\":\"2\"},\n{\"id\":2}]");
    definition.write("batch.json", r#"{"users":[{"PutRequest":{"Item":{"id":{"S":"v"}}}}]}"#);
    definition.write("typeless.json", r#"{"posts":[{"PutRequest":{"Item":{"id":"v"}}}]}"#);
    definition.write("delete.json", r#"{"posts":[{"DeleteRequest":{"Key":{"id":{"S":"1"},"n":{"N":"1"}}}}]}"#);
    std::fs::create_dir(definition.path("folder")).expect("a folder");
    let cases = [
        ("nosuch.jsonl", "error: nosuch.jsonl: cannot be read: "),
        ("folder", "error: folder: "),
        ("broken.jsonl", "error: broken.jsonl:2: this is not JSON: "),
        ("keyless.jsonl", "error: keyless.jsonl:2: One or more parameter values were invalid: Missing the key id in the item"),
        (
            "number.json",
            "error: number.json:2: One or more parameter values were invalid: Type mismatch for key id expected: S actual: N",
        ),
        ("batch.json", "error: batch.json, item 1: there is no table `users`; there are: posts"),
        ("typeless.json", "error: typeless.json, item 1: the key attribute id is no attribute value"),
        ("delete.json", "error: delete.json, item 1: The provided key element does not match the schema"),
    ];
    for (file, expected) in cases {
        // A good file before it does not help.
        let output = definition.run(&["seed", "--recreate", "--table", "posts", "posts.jsonl", file]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{file}: {output:?}");
        assert!(output.stderr.starts_with(expected), "{expected}: {}", output.stderr);
        assert!(output.stderr.contains("= help: nothing was deleted"), "{}", output.stderr);
        assert_eq!(items(&definition, "posts"), [r#"id={"S":"1"}"#], "{file}");
    }
    // What the definition does not have could not be made anew.
    let output = definition.run(&["seed", "--recreate", "--table", "pots", "posts.jsonl"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    assert!(output.stderr.contains("no [[table]] is called `pots`\n  = help: did you mean `posts`?"), "{}", output.stderr);
    // Nor what DynamoDB would not make.
    let text = definition.read("config.toml");
    let long = "n".repeat(300);
    definition.write("config.toml", &text.replace("attribute_name = \"id\"", &format!("attribute_name = \"{long}\"")));
    definition.write("long.jsonl", &format!("{{\"{long}\":\"1\"}}\n"));
    let output = definition.run(&["seed", "--recreate", "--table", "posts", "long.jsonl"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    assert!(output.stderr.contains("error[table-refused]") && output.stderr.contains("nothing was deleted"), "{}", output.stderr);
    assert_eq!(items(&definition, "posts"), [r#"id={"S":"1"}"#]);
    definition.write("config.toml", &text);
    let output = definition.run(&["seed", "--recreate", "--table", "posts", "posts.jsonl"]);
    succeeded(&output);
    assert_eq!(timeless(&output), "deleted the table posts\nmade the table posts\n1 item into posts");
}

#[test]
fn of_numbers_that_are_one_key_the_last_one_stays() {
    let definition = definition("attribute_definitions = [{ attribute_name = \"id\", attribute_type = \"N\" }]\n");
    let spelled =
        |number: u32| format!("{{\"id\":{number},\"v\":1}}\n{{\"id\":{number}.0,\"v\":2}}\n{{\"id\":{number}00e-2,\"v\":3}}\n");
    definition.write("posts.jsonl", &(1..=500).map(spelled).collect::<String>());
    let output = definition.run(&["seed", "posts.jsonl"]);
    succeeded(&output);
    assert_eq!(timeless(&output), "made the table posts\n1,500 items into posts");
    let stayed = items(&definition, "posts");
    let earlier: Vec<&String> = stayed.iter().filter(|item| !item.ends_with(r#"v={"N":"3"}"#)).collect();
    assert!(stayed.len() == 500 && earlier.is_empty(), "{} items, {earlier:?}", stayed.len());
}

#[test]
fn an_endpoint_is_called_with_the_access_key_of_the_definition_and_a_refusal_names_it() {
    let key = |id: &str, secret: &str| {
        format!("[[dynamodb.access_keys]]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n")
    };
    let server = definition(&format!("[server]\nmode = \"production\"\n{}", key("AKIAOWN", "own-secret"))).serve();
    let url = format!("http://{}/dynamodb/", server.address);
    let seed = |more: &str| {
        let definition = definition(more);
        definition.write("posts.jsonl", "{\"id\":\"1\"}\n");
        let mut command = command();
        command.current_dir(definition.path("")).args(["seed", "posts.jsonl", "--endpoint", &url]);
        command.env("AWS_ACCESS_KEY_ID", "AKIAOTHER").env("AWS_SECRET_ACCESS_KEY", "other");
        command.env_remove("AWS_SESSION_TOKEN").env("AWS_REGION", "us-east-1");
        run(command)
    };
    let output = seed(&key("AKIAOWN", "own-secret"));
    succeeded(&output);
    assert_eq!(timeless(&output), "1 item into posts");
    let of_definition = "(signed with the access key `AKIAWRONG` of [[dynamodb.access_keys]])";
    let of_environment = "(signed with the access key `AKIAOTHER` of AWS_ACCESS_KEY_ID)";
    for (more, expected) in [(key("AKIAWRONG", "own-secret"), of_definition), (String::new(), of_environment)] {
        let output = seed(&more);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
        assert!(output.stderr.contains(expected), "{expected} is missing in {}", output.stderr);
    }
}

#[test]
fn commands_in_findings_have_the_address_of_the_tables() {
    let protected = "deletion_protection_enabled = true\n";
    for (server, expected) in [
        ("", "http://127.0.0.1:4000/dynamodb/"),
        ("[server]\nport = 4123\n", "http://127.0.0.1:4123/dynamodb/"),
        ("[server]\nport = 4123\nhost = \"::1\"\n", "http://[::1]:4123/dynamodb/"),
        ("[server]\nhost = \"0.0.0.0\"\n", "http://127.0.0.1:4000/dynamodb/"),
    ] {
        let definition = definition(server);
        definition.write("posts.jsonl", "{\"id\":\"1\"}\n");
        succeeded(&definition.run(&["seed", "posts.jsonl"]));
        let text = definition.read("config.toml").replace("[[table]]\n", &format!("[[table]]\n{protected}"));
        definition.write("config.toml", &text);
        let output = definition.run(&["seed", "posts.jsonl"]);
        assert!(output.stderr.contains(&format!("--endpoint-url {expected}\n")), "{expected}: {output:?}");
    }
}
