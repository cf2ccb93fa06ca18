//! `theburningmonk/appsyncmasterclass-backend`: a Twitter clone whose templates work on nine tables.
//!
//! Its plugin of the Serverless Framework puts the names of tables in the place of `${UsersTable}` and the like when it deploys;
//! so does this test, in its copy. Its users come from Cognito, and API keys are the only authorization mode so far, therefore:
//!
//! - `@aws_iam` and `@aws_cognito_user_pools` are taken out of the copied schema. The last test leaves them in.
//! - A caller has no name (`$context.identity` is null). Of 33 fields on DynamoDB, 18 give the answers that the project wants all
//!   the same; profiles are then always those of others. `liked`, `retweeted`, `following` and `followedBy` (six fields) say what
//!   their templates say about a caller whom nobody knows. `getMyProfile`, `getMyTimeline`, `listConversations`, `editMyProfile`,
//!   `like`, `unlike`, `follow` and `unfollow` run up to the error that a missing name is, and `getDirectMessages`, which cannot say
//!   whose messages these are, up to its check of the limit.
//! - Lambda functions do not run. What they and Cognito's triggers write is put into the tables through DynamoDB's own API, and
//!   `search`, `sendDirectMessage` and `getDirectMessages` give whatever objects a question has in an argument, so that the fields
//!   below them have parents.

use value::Value;

use super::{Project, Running};
use crate::harness::Definition;

const PROJECT: &str = "theburningmonk/appsyncmasterclass-backend";

/// What the templates name, and what it is in the definition. CloudFormation's names have hyphens and random endings.
const SUBSTITUTIONS: [(&str, &str); 6] = [
    ("${TweetsTable}", TWEETS),
    ("${LikesTable}", LIKES),
    ("${UsersTable}", USERS),
    ("${RelationshipsTable}", RELATIONSHIPS),
    ("${FirehoseStreamName}", "the-stream"),
    ("${IdentityPoolId}", "eu-west-1:the-pool"),
];
const USERS: &str = "appsyncmasterclass-backend-dev-UsersTable-1X2Y3Z";
const TWEETS: &str = "appsyncmasterclass-backend-dev-TweetsTable-1X2Y3Z";
const LIKES: &str = "appsyncmasterclass-backend-dev-LikesTable-1X2Y3Z";
const RELATIONSHIPS: &str = "appsyncmasterclass-backend-dev-RelationshipsTable-1X2Y3Z";
const NOTIFICATIONS: &str = "appsyncmasterclass-backend-dev-NotificationsTable-1X2Y3Z";

/// The resolver that stands for others: an argument has the list or object that is the answer.
const PARENTS: &str = "
export function request(ctx) { return { payload: null }; }
export function response(ctx) {
  const { query, otherUserId, message } = ctx.args;
  if (query) { return { results: JSON.parse(query) }; }
  return message ? JSON.parse(message) : { messages: JSON.parse(otherUserId) };
}
";

fn definition(project: &Project) -> Definition {
    let definition = project.definition(include_str!("masterclass.toml"), &["schema.api.graphql", "mapping-templates"]);
    for file in project.files("mapping-templates") {
        let mut text = project.read(&format!("mapping-templates/{file}"));
        for (name, value) in SUBSTITUTIONS {
            text = text.replace(name, value);
        }
        definition.write(&format!("project/mapping-templates/{file}"), &text);
    }
    definition.write("parents.js", PARENTS);
    definition
}

/// The API without its authorization, and with three users, their tweets and relationships.
fn start() -> Option<Running> {
    let project = Project::find(PROJECT)?;
    let definition = definition(&project);
    let schema = project.read("schema.api.graphql");
    definition.write("project/schema.api.graphql", &schema.replace("@aws_iam", "").replace("@aws_cognito_user_pools", ""));
    let api = Running::start(definition);
    for (id, name, more) in [("ada", "Ada", ""), ("bo", "Bo", r#", "bio": "rows""#), ("cy", "Cy", "")] {
        api.put(
            USERS,
            &format!(
                r#"{{ "id": "{id}", "name": "{name}", "screenName": "{name}123", "createdAt": "2024-05-01T12:00:00.000Z",
                    "followersCount": 0, "followingCount": 0, "tweetsCount": 2, "likesCounts": 0{more} }}"#
            ),
        );
    }
    // Ada's tweets 01 to 30 in the order of their ids; Bo answers one and retweets it, Cy answers the answer.
    for number in 1..=30 {
        tweet(&api, "Tweet", &format!("{number:02}"), "ada", "");
    }
    tweet(&api, "Reply", "41", "bo", r#", "inReplyToTweetId": "05", "inReplyToUserIds": ["ada"]"#);
    tweet(&api, "Retweet", "42", "bo", r#", "retweetOf": "05""#);
    tweet(&api, "Reply", "43", "cy", r#", "inReplyToTweetId": "41", "inReplyToUserIds": ["bo", "ada"]"#);
    for (user, other) in [("ada", "bo"), ("cy", "bo"), ("bo", "ada"), ("ada", "dee")] {
        api.put(
            RELATIONSHIPS,
            &format!(r#"{{ "userId": "{user}", "sk": "FOLLOWS_{other}", "otherUserId": "{other}", "createdAt": "2024-05-01T12:00:00.000Z" }}"#),
        );
    }
    Some(api)
}

fn tweet(api: &Running, kind: &str, id: &str, creator: &str, more: &str) {
    api.put(
        TWEETS,
        &format!(
            r#"{{ "__typename": "{kind}", "id": "{id}", "creator": "{creator}", "text": "text {id}", "createdAt": "2024-05-01T12:00:00.000Z",
                "replies": 0, "likes": 1, "retweets": 0{more} }}"#
        ),
    );
}

fn ids(page: &[Value]) -> Vec<&str> {
    page.iter().filter_map(|item| item.at(&["id"]).as_str()).collect()
}

#[test]
fn the_definition_has_every_resolver_that_is_no_lambda_function() {
    let Some(project) = Project::find(PROJECT) else { return };
    let api = project.read("serverless.appsync-api.yml");
    let (_, templates) = api.split_once("\nmappingTemplates:").expect("the resolvers");
    let (templates, _) = templates.split_once("\nfunctionConfigurations:").expect("an end of the resolvers");
    let config = include_str!("masterclass.toml");
    let mut on_dynamodb = 0;
    for resolver in templates.split("\n  - type: ").skip(1) {
        let type_name = resolver.lines().next().unwrap_or_default();
        let member = |name: &str| resolver.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
        let field = member("field:").expect("a field");
        let data_source = member("dataSource:").unwrap_or("the functions of a pipeline");
        if data_source.ends_with("Function") || type_name == "Subscription" {
            continue;
        }
        on_dynamodb += usize::from(data_source != "none");
        assert!(config.contains(&format!("{{ type = \"{type_name}\", field = \"{field}\", ")), "{type_name}.{field}");
    }
    assert_eq!(on_dynamodb, 33);
}

#[test]
fn analytics_configuration() {
    let Some(api) = start() else { return };
    api.check(
        "{ getAnalyticsConfig { identityPoolId streamName } }",
        r#"{ "getAnalyticsConfig": { "identityPoolId": "eu-west-1:the-pool", "streamName": "the-stream" } }"#,
    );
}

#[test]
fn profiles_by_their_screen_name() {
    let Some(api) = start() else { return };
    api.check(
        r#"{ getProfile(screenName: "Bo123") {
            __typename id name screenName bio location website birthdate createdAt followersCount followingCount tweetsCount likesCounts
            following followedBy
            tweets { nextToken tweets { __typename id ... on Reply { text } ... on Retweet { createdAt } } }
        } }"#,
        r#"{ "getProfile": {
            "__typename": "OtherProfile", "id": "bo", "name": "Bo", "screenName": "Bo123", "bio": "rows", "location": null,
            "website": null, "birthdate": null, "createdAt": "2024-05-01T12:00:00.000Z", "followersCount": 0, "followingCount": 0,
            "tweetsCount": 2, "likesCounts": 0, "following": false, "followedBy": false,
            "tweets": { "nextToken": null, "tweets": [
                { "__typename": "Retweet", "id": "42", "createdAt": "2024-05-01T12:00:00.000Z" },
                { "__typename": "Reply", "id": "41", "text": "text 41" }
            ] }
        } }"#,
    );
    api.check(r#"{ getProfile(screenName: "Nobody") { id } }"#, r#"{ "getProfile": null }"#);
    // A profile has ten tweets, the newest first, and a token for more.
    let data = api.ask(r#"{ getProfile(screenName: "Ada123") { tweets { nextToken tweets { id } } } }"#);
    let tweets = data.at(&["data", "getProfile", "tweets"]);
    assert_eq!(ids(tweets.at(&["tweets"]).as_list().expect("tweets")).first(), Some(&"30"), "{data}");
    assert_eq!(tweets.at(&["tweets"]).as_list().map(<[Value]>::len), Some(10), "{data}");
    assert!(tweets.at(&["nextToken"]).as_str().is_some(), "{data}");
}

#[test]
fn tweets_page_by_page_with_their_fields() {
    let Some(api) = start() else { return };
    let query = r#"{ getTweets(userId: "ada", limit: 12, nextToken: TOKEN) { nextToken tweets { id } } }"#;
    let pages = api.pages(query, &["getTweets"], "tweets");
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [12, 12, 6]);
    assert_eq!((ids(&pages[0])[0], ids(&pages[2])[5]), ("30", "01"));

    // The token of one user's page is not one of another's: DynamoDB's start key is outside the partition.
    let answer = api.ask(r#"{ getTweets(userId: "ada", limit: 1) { nextToken } }"#);
    let token = answer.at(&["data", "getTweets", "nextToken"]);
    api.check_error(&format!(r#"{{ getTweets(userId: "bo", limit: 1, nextToken: {token}) {{ nextToken }} }}"#), "");

    for field in ["getTweets", "getLikes"] {
        let data = api.check_error(
            &format!(r#"{{ {field}(userId: "ada", limit: 26) {{ nextToken }} }}"#),
            "CustomTemplateException: max limit is 25",
        );
        assert!(data.is_null(), "{data}");
    }

    let profile = r#"{ "__typename": "OtherProfile", "id": "ada", "name": "Ada" }"#;
    let tweet = format!(
        r#"{{ "__typename": "Tweet", "id": "05", "text": "text 05", "likes": 1, "liked": false, "retweeted": false, "profile": {profile} }}"#
    );
    api.check(
        r#"{ getTweets(userId: "bo", limit: 25) { nextToken tweets {
            __typename id profile { __typename id }
            ... on Retweet { retweetOf { ...tweet } }
            ... on Reply { liked retweeted inReplyToTweet { ...tweet } inReplyToUsers { __typename id name } }
        } } }
        fragment tweet on Tweet { __typename id text likes liked retweeted profile { __typename id name } }"#,
        &format!(
            r#"{{ "getTweets": {{ "nextToken": null, "tweets": [
                {{ "__typename": "Retweet", "id": "42", "profile": {{ "__typename": "OtherProfile", "id": "bo" }}, "retweetOf": {tweet} }},
                {{ "__typename": "Reply", "id": "41", "profile": {{ "__typename": "OtherProfile", "id": "bo" }}, "liked": false,
                   "retweeted": false, "inReplyToTweet": {tweet}, "inReplyToUsers": [{profile}] }}
            ] }} }}"#
        ),
    );
    // A selection of nothing but the id needs no table, and a batch comes back in its order.
    api.check(
        r#"{ getTweets(userId: "cy", limit: 1) { tweets {
            profile { id } ... on Reply { inReplyToUsers { id } users: inReplyToUsers { id name } }
        } } }"#,
        r#"{ "getTweets": { "tweets": [{ "profile": { "id": "cy" }, "inReplyToUsers": [{ "id": "bo" }, { "id": "ada" }],
            "users": [{ "id": "bo", "name": "Bo" }, { "id": "ada", "name": "Ada" }] }] } }"#,
    );
}

#[test]
fn likes_are_hydrated_in_their_order() {
    let Some(api) = start() else { return };
    for id in ["03", "41", "07"] {
        api.put(LIKES, &format!(r#"{{ "userId": "cy", "tweetId": "{id}" }}"#));
    }
    api.check(
        r#"{ getLikes(userId: "cy", limit: 25) { nextToken tweets { __typename id ... on Tweet { text } } }
             none: getLikes(userId: "ada", limit: 25) { nextToken tweets { id } } }"#,
        r#"{ "getLikes": { "nextToken": null, "tweets": [
            { "__typename": "Reply", "id": "41" }, { "__typename": "Tweet", "id": "07", "text": "text 07" },
            { "__typename": "Tweet", "id": "03", "text": "text 03" }
        ] }, "none": { "nextToken": null, "tweets": [] } }"#,
    );
    let query = r#"{ getLikes(userId: "cy", limit: 2, nextToken: TOKEN) { nextToken tweets { id } } }"#;
    let pages = api.pages(query, &["getLikes"], "tweets");
    assert_eq!(pages.iter().map(|page| ids(page)).collect::<Vec<_>>(), [vec!["41", "07"], vec!["03"]]);
}

#[test]
fn followers_and_following_are_pipelines() {
    let Some(api) = start() else { return };
    api.check(
        // Dee has one follower, as the order of several with the same key in an index is nobody's promise.
        r#"{ getFollowers(userId: "dee", limit: 10) { nextToken profiles { __typename id name ... on OtherProfile { following } } }
             getFollowing(userId: "bo", limit: 10) { nextToken profiles { __typename id screenName } }
             none: getFollowers(userId: "cy", limit: 10) { nextToken profiles { id } } }"#,
        r#"{ "getFollowers": { "nextToken": null, "profiles": [
                { "__typename": "OtherProfile", "id": "ada", "name": "Ada", "following": false } ] },
            "getFollowing": { "nextToken": null, "profiles": [{ "__typename": "OtherProfile", "id": "ada", "screenName": "Ada123" }] },
            "none": { "nextToken": null, "profiles": [] } }"#,
    );
    // Ada follows Bo and Dee, who is no user: her place in the batch is null, which the schema does not allow.
    let data = api.check_error(
        r#"{ getFollowing(userId: "ada", limit: 10) { profiles { id } } }"#,
        "null: Cannot return null for non-nullable type: 'IProfile' (/getFollowing/profiles[0])",
    );
    assert!(data.at(&["getFollowing", "profiles"]).is_null(), "{data}");
    let query = r#"{ getFollowers(userId: "bo", limit: 1, nextToken: TOKEN) { nextToken profiles { id } } }"#;
    let mut followers: Vec<Value> = api.pages(query, &["getFollowers"], "profiles").concat();
    followers.sort_by_key(Value::to_string);
    assert_eq!(ids(&followers), ["ada", "cy"]);
}

#[test]
fn notifications_are_put() {
    let Some(api) = start() else { return };
    for (kind, arguments) in [
        ("Retweeted", [("tweetId", "05"), ("retweetedBy", "bo"), ("retweetId", "42")].as_slice()),
        ("Liked", &[("tweetId", "05"), ("likedBy", "cy")]),
        ("Mentioned", &[("mentionedBy", "bo"), ("mentionedByTweetId", "41")]),
        ("Replied", &[("tweetId", "05"), ("replyTweetId", "41"), ("repliedBy", "bo")]),
        ("DMed", &[("otherUserId", "cy"), ("message", "hello \\\"you\\\"")]),
    ] {
        let given: Vec<String> = arguments.iter().map(|(name, text)| format!(r#"{name}: "{text}""#)).collect();
        let names: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
        let expected: Vec<String> = arguments.iter().map(|(name, text)| format!(r#""{name}": "{text}""#)).collect();
        api.check(
            &format!(
                r#"mutation {{ notify{kind}(id: "n-{kind}", userId: "ada", {}) {{
                    __typename ... on {kind} {{ id type userId createdAt {} }} }} }}"#,
                given.join(", "),
                names.join(" ")
            ),
            &format!(
                r#"{{ "notify{kind}": {{ "__typename": "{kind}", "id": "n-{kind}", "type": "{kind}", "userId": "ada",
                    "createdAt": "{{{{now}}}}", {} }} }}"#,
                expected.join(", ")
            ),
        );
    }
    assert_eq!(api.count(NOTIFICATIONS), Some(5));
}

#[test]
fn fields_below_parents_of_ours() {
    let Some(api) = start() else { return };
    // A MyProfile, a Conversation and Messages, as Lambda functions and the caller's own resolvers give them.
    api.check(
        r#"{ search(query: "[{\"__typename\":\"MyProfile\",\"id\":\"bo\",\"name\":\"Bo\"}]", mode: Top, limit: 1) {
            results { ... on MyProfile { name tweets { nextToken tweets { id } } } } } }"#,
        r#"{ "search": { "results": [{ "name": "Bo", "tweets": { "nextToken": null, "tweets": [{ "id": "42" }, { "id": "41" }] } }] } }"#,
    );
    let conversation =
        r#"sendDirectMessage(otherUserId: "cy", message: "{\"id\":\"bo_cy\",\"otherUserId\":\"cy\",\"lastMessage\":\"m\"}")"#;
    api.check(
        &format!("mutation {{ a: {conversation} {{ id lastMessage otherUser {{ id }} }} b: {conversation} {{ otherUser {{ id name following }} }} }}"),
        r#"{ "a": { "id": "bo_cy", "lastMessage": "m", "otherUser": { "id": "cy" } },
             "b": { "otherUser": { "id": "cy", "name": "Cy", "following": false } } }"#,
    );
    api.check(
        r#"{ getDirectMessages(otherUserId: "[{\"messageId\":\"1\",\"from\":\"bo\",\"message\":\"m\"}]", limit: 1) {
            messages { message from { __typename id name } only: from { id } } } }"#,
        r#"{ "getDirectMessages": { "messages": [
            { "message": "m", "from": { "__typename": "OtherProfile", "id": "bo", "name": "Bo" }, "only": { "id": "bo" } } ] } }"#,
    );
}

#[test]
fn resolvers_that_need_the_callers_name_say_so_and_write_nothing() {
    let Some(api) = start() else { return };
    let tables = [USERS, TWEETS, LIKES, RELATIONSHIPS];
    let before = tables.map(|table| api.items(table));
    // Their key, or a value of their key condition, is a null, which the service refuses. The response templates pass over that
    // error, so that it leaves nothing but a missing result.
    api.check(
        "{ getMyTimeline(limit: 5) { nextToken } listConversations(limit: 5) { nextToken conversations { id } } }",
        r#"{ "getMyTimeline": { "nextToken": null }, "listConversations": { "nextToken": null, "conversations": null } }"#,
    );
    for (query, error) in [
        (
            "{ getMyProfile { id } }",
            "null: Cannot return null for non-nullable type: 'MyProfile' within parent 'Query' (/getMyProfile)",
        ),
        (
            r#"mutation { editMyProfile(newProfile: { name: "x" }) { id } }"#,
            "null: Cannot return null for non-nullable type: 'MyProfile' within parent 'Mutation' (/editMyProfile)",
        ),
        ("{ getMyTimeline(limit: 26) { nextToken } }", "CustomTemplateException: max limit is 25"),
        ("{ listConversations(limit: 26) { nextToken } }", "CustomTemplateException: max limit is 25"),
        // Transactions are cancelled, with the reason that a part has no valid key.
        (r#"mutation { like(tweetId: "05") }"#, "null: DynamoDB transaction error"),
        (r#"mutation { unlike(tweetId: "05") }"#, "null: DynamoDB transaction error"),
        (r#"mutation { follow(userId: "bo") }"#, "null: DynamoDB transaction error"),
        (r#"mutation { unfollow(userId: "bo") }"#, "null: DynamoDB transaction error"),
    ] {
        let data = api.check_error(query, error);
        assert!(data.is_null(), "{query}: {data}");
    }
    assert_eq!(tables.map(|table| api.items(table)), before);
}

#[test]
fn the_authorization_of_the_schema_and_the_limit_of_messages_hold() {
    let Some(project) = Project::find(PROJECT) else { return };
    let definition = definition(&project);
    let templates =
        |step: &str| format!("{step}_mapping_template = \"project/mapping-templates/Query.getDirectMessages.{step}.vtl\"");
    let theirs = format!("\"directMessagesTable\", {}, {}", templates("request"), templates("response"));
    let ours = "field = \"getDirectMessages\", data_source = ";
    let config = definition.read("config.toml");
    let config_with_theirs = config.replace(&format!("{ours}\"none\", code = \"parents.js\""), &format!("{ours}{theirs}"));
    assert_ne!(config, config_with_theirs);
    definition.write("config.toml", &config_with_theirs);
    let api = Running::start(definition);

    let data = api.check_error(
        r#"mutation { notifyLiked(id: "n", userId: "ada", tweetId: "05", likedBy: "cy") { __typename } }"#,
        "Unauthorized: Not Authorized to access notifyLiked on type Mutation",
    );
    assert!(data.is_null(), "{data}");
    assert_eq!(api.count(NOTIFICATIONS), Some(0));
    let data = api.check_error(
        r#"{ getDirectMessages(otherUserId: "bo", limit: 26) { nextToken } }"#,
        "CustomTemplateException: max limit is 25",
    );
    assert!(data.is_null(), "{data}");
}
