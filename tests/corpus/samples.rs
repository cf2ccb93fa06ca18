//! `aws-samples/aws-appsync-resolver-samples`: four APIs as their templates define them, with all resolvers on DynamoDB, and the
//! single samples, to which we give a schema and tables.
//!
//! Of what uses DynamoDB, only two files are not attached, as in the project itself: `functions/scratch.js` and `functions/out.js`
//! of the pipeline example, a draft that calls HTTP. The code in `template.yaml` is in part another one than in the files beside
//! it, so both run.

use value::Value;

use super::{Project, Running};

const PROJECT: &str = "aws-samples/aws-appsync-resolver-samples";
const UNIT: &str = "examples/cloudformation/todo-api-cfn";
const PIPELINE: &str = "examples/cloudformation/todo-api-pipeline-cfn";

/// What a todo API of these has beside the rest.
struct Abilities {
    /// `listTodos(filter:)` is used, and `queryTodosByOwnerIndex` is there.
    filter_and_index: bool,
    /// `deleteTodo` reads the id where the schema has it.
    delete: bool,
}

const ALL: Abilities = Abilities { filter_and_index: true, delete: true };

/// The code that a CloudFormation template has for a resource, as a YAML block.
fn code_of(template: &str, resource: &str) -> String {
    let start = format!("  {resource}:");
    let lines = template.lines().skip_while(|line| *line != start).skip_while(|line| line.trim() != "Code: |").skip(1);
    let code: Vec<&str> = lines.take_while(|line| line.is_empty() || line.starts_with("        ")).collect();
    assert!(!code.is_empty(), "no code of {resource}");
    code.iter().map(|line| line.get(8..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn create(api: &Running, title: &str, owner: &str) -> String {
    let query = format!(
        r#"mutation {{ createTodo(input: {{ title: "{title}", description: "about {title}", owner: "{owner}" }}) {{
            id title description owner }} }}"#
    );
    let expected = format!(
        r#"{{ "createTodo": {{ "id": "{{{{uuid}}}}", "title": "{title}", "description": "about {title}", "owner": "{owner}" }} }}"#
    );
    let data = api.check(&query, &expected);
    data.at(&["createTodo", "id"]).as_str().expect("an id").to_owned()
}

fn titles(pages: &[Vec<Value>]) -> Vec<&str> {
    let mut titles: Vec<&str> = pages.iter().flatten().filter_map(|item| item.at(&["title"]).as_str()).collect();
    titles.sort_unstable();
    titles
}

/// What all todo APIs of the project answer.
fn check_todos(api: &Running, abilities: &Abilities) {
    let ids = [create(api, "Oars", "ada"), create(api, "Boat", "bo"), create(api, "Balance", "ada")];
    let [oars, _, balance] = &ids;

    api.check(
        &format!(r#"{{ getTodo(id: "{oars}") {{ id title owner }} none: getTodo(id: "none") {{ id }} }}"#),
        &format!(r#"{{ "getTodo": {{ "id": "{oars}", "title": "Oars", "owner": "ada" }}, "none": null }}"#),
    );

    // A value that is not empty is set, an empty one removed, the others stay.
    api.check(
        &format!(r#"mutation {{ updateTodo(input: {{ id: "{oars}", title: "Four oars", description: "" }}) {{ id title description owner }} }}"#),
        &format!(r#"{{ "updateTodo": {{ "id": "{oars}", "title": "Four oars", "description": null, "owner": "ada" }} }}"#),
    );
    let data = api.check_error(
        r#"mutation { updateTodo(input: { id: "none", title: "x" }) { id } }"#,
        "DynamoDB:ConditionalCheckFailedException: The conditional request failed",
    );
    assert!(data.at(&["updateTodo"]).is_null(), "{data}");
    api.check(r#"{ getTodo(id: "none") { id } }"#, r#"{ "getTodo": null }"#);

    let pages = api.pages("{ listTodos(limit: 2, nextToken: TOKEN) { items { title } nextToken } }", &["listTodos"], "items");
    assert_eq!(titles(&pages), ["Balance", "Boat", "Four oars"]);
    assert_eq!(pages[0].len(), 2);
    let all = api.pages("{ listTodos(nextToken: TOKEN) { items { title } nextToken } }", &["listTodos"], "items");
    assert_eq!((titles(&all).len(), all.len()), (3, 1));

    if abilities.filter_and_index {
        let token = "DynamoDB:UserIllegalArgumentException: com.amazonaws.deepdish.common.pagination.InvalidPaginationTokenException: \
                     Invalid pagination token given.";
        api.check_error(r#"{ listTodos(nextToken: "none of ours") { nextToken } }"#, token);
        let filtered = |filter: &str| {
            let query = format!("{{ listTodos(filter: {filter}, nextToken: TOKEN) {{ items {{ title }} nextToken }} }}");
            let pages = api.pages(&query, &["listTodos"], "items");
            titles(&pages).join(" ")
        };
        assert_eq!(filtered(r#"{ title: { beginsWith: "B" } }"#), "Balance Boat");
        assert_eq!(filtered(r#"{ title: { beginsWith: "B" }, owner: { eq: "ada" } }"#), "Balance");
        assert_eq!(filtered(r#"{ title: { between: ["Ba", "Bb"] } }"#), "Balance");
        // An attribute that was removed contains nothing.
        assert_eq!(filtered(r#"{ description: { notContains: "a" } }"#), "Four oars");
        assert_eq!(filtered(r#"{ owner: { ne: "ada" } }"#), "Boat");
        assert_eq!(filtered(r#"{ owner: { contains: "d" }, title: { ge: "F" } }"#), "Four oars");

        let query = r#"{ queryTodosByOwnerIndex(owner: "ada", first: 1, after: TOKEN) { items { title owner } nextToken } }"#;
        let pages = api.pages(query, &["queryTodosByOwnerIndex"], "items");
        assert_eq!(titles(&pages), ["Balance", "Four oars"]);
        assert_eq!((pages[0].len(), pages[1].len()), (1, 1));
        api.check(
            r#"{ queryTodosByOwnerIndex(owner: "nobody") { items { id } nextToken } }"#,
            r#"{ "queryTodosByOwnerIndex": { "items": [], "nextToken": null } }"#,
        );
    }

    let delete = format!(r#"mutation {{ deleteTodo(input: {{ id: "{balance}" }}) {{ id title }} }}"#);
    if abilities.delete {
        let deleted = format!(r#"{{ "deleteTodo": {{ "id": "{balance}", "title": "Balance" }} }}"#);
        api.check(&delete, &deleted);
        api.check(&delete, r#"{ "deleteTodo": null }"#);
        api.check(&format!(r#"{{ getTodo(id: "{balance}") {{ id }} }}"#), r#"{ "getTodo": null }"#);
    } else {
        // The code reads an argument that the schema does not have, so there is no key.
        api.check_error(&delete, "DynamoDB:DynamoDbException: The provided key element does not match the schema");
        api.check(&format!(r#"{{ getTodo(id: "{balance}") {{ title }} }}"#), r#"{ "getTodo": { "title": "Balance" } }"#);
    }
}

#[test]
fn unit_resolvers_of_the_todo_api() {
    let Some(project) = Project::find(PROJECT) else { return };
    let copied = [&format!("{UNIT}/schema.graphql") as &str, &format!("{UNIT}/resolvers")];
    let definition = project.definition(include_str!("todo-api.toml"), &copied);
    check_todos(&Running::start(definition), &Abilities { delete: false, ..ALL });
}

#[test]
fn unit_resolvers_inside_the_template_of_the_todo_api() {
    let Some(project) = Project::find(PROJECT) else { return };
    let definition = project.definition(include_str!("todo-api.toml"), &[&format!("{UNIT}/schema.graphql")]);
    let template = project.read(&format!("{UNIT}/template.yaml"));
    for (resource, file) in [
        ("CreateTodoResolver", "createTodo"),
        ("UpdateTodoResolver", "updateTodo"),
        ("DeleteTodoResolver", "deleteTodo"),
        ("GetTodoResolver", "getTodo"),
        ("ListTodosResolver", "listTodos"),
        ("QueryTodosResolver", "queryTodosByOwner"),
    ] {
        definition.write(&format!("project/{UNIT}/resolvers/{file}.js"), &code_of(&template, resource));
    }
    check_todos(&Running::start(definition), &ALL);
}

#[test]
fn functions_of_the_todo_pipelines() {
    let Some(project) = Project::find(PROJECT) else { return };
    let parts = ["schema.graphql", "functions", "resolvers"].map(|part| format!("{PIPELINE}/{part}"));
    let definition = project.definition(include_str!("todo-api-pipeline.toml"), &parts.each_ref().map(String::as_str));
    check_todos(&Running::start(definition), &ALL);
}

#[test]
fn functions_inside_the_template_of_the_todo_pipelines() {
    let Some(project) = Project::find(PROJECT) else { return };
    let definition = project.definition(include_str!("todo-api-pipeline.toml"), &[&format!("{PIPELINE}/schema.graphql")]);
    let template = project.read(&format!("{PIPELINE}/template.yaml"));
    for (resource, file) in [
        ("ApitableCREATEITEMFunction64BB3F3D", "functions/createItem"),
        ("ApitableUPDATEITEMFunctionAA45555C", "functions/udpateItem"),
        ("ApitableDELETEITEMFunction9BF18DBF", "functions/deleteItem"),
        ("ApitableGETITEMFunction7A2A59C8", "functions/getItem"),
        ("ApitableLISTITEMSFunction435E2C8D", "functions/listItems"),
        ("ApitableQUERYITEMSFunctionE1932ECB", "functions/queryItems"),
        ("ApiMutationcreateTodoResolver5A3F829E", "resolvers/default"),
    ] {
        definition.write(&format!("project/{PIPELINE}/{file}.js"), &code_of(&template, resource));
    }
    check_todos(&Running::start(definition), &ALL);
}

#[test]
fn typescript_resolvers_of_the_todo_app() {
    let Some(project) = Project::find(PROJECT) else { return };
    let parts =
        ["schema.graphql", "resolvers", "codegen"].map(|part| format!("examples/cdk/dynamodb-todo-app/lib/appsync/{part}"));
    let definition = project.definition(include_str!("todo-cdk.toml"), &parts.each_ref().map(String::as_str));
    check_todos(&Running::start(definition), &Abilities { filter_and_index: false, ..ALL });
}

#[test]
fn resolvers_of_the_serverless_example() {
    let Some(project) = Project::find(PROJECT) else { return };
    let parts = ["schema.graphql", "resolvers/ddb"].map(|part| format!("examples/serverless/lambda-http-ddb-datasources/{part}"));
    let definition = project.definition(include_str!("todo-serverless.toml"), &parts.each_ref().map(String::as_str));
    let api = Running::start(definition);

    api.check("{ listTodos { id } }", r#"{ "listTodos": [] }"#);
    let data = api.check(
        r#"mutation { addTodo(input: { title: "Oars", completed: false }) { id title completed } }"#,
        r#"{ "addTodo": { "id": "{{uuid}}", "title": "Oars", "completed": false } }"#,
    );
    let id = data.at(&["addTodo", "id"]);
    let todo = format!(r#"{{ "id": {id}, "title": "Oars", "completed": false }}"#);
    api.check(
        &format!("{{ getTodo(id: {id}) {{ id title completed }} none: getTodo(id: \"none\") {{ id }} listTodos {{ id title completed }} }}"),
        &format!(r#"{{ "getTodo": {todo}, "none": null, "listTodos": [{todo}] }}"#),
    );
    // The schema promises what the input may leave out.
    let data = api.check_error(
        r#"mutation { addTodo(input: { title: "Boat" }) { title completed } }"#,
        "null: Cannot return null for non-nullable type: 'Boolean' within parent 'Todo' (/addTodo/completed)",
    );
    assert!(data.at(&["addTodo"]).is_null(), "{data}");
    assert_eq!(api.count("myTodosTable"), Some(2));
}

/// The API around the single samples.
fn samples() -> Option<Running> {
    let project = Project::find(PROJECT)?;
    let parts = ["dynamodb/general", "dynamodb/batch", "dynamodb/queries", "pipeline"].map(|part| format!("samples/{part}"));
    let definition = project.definition(include_str!("samples.toml"), &parts.each_ref().map(String::as_str));
    definition.write("schema.graphql", include_str!("samples.graphql"));
    Some(Running::start(definition))
}

#[test]
fn samples_of_single_items() {
    let Some(api) = samples() else { return };
    let data = api.check(
        r#"mutation { putItem(input: { title: "Oars", tags: ["a", "b"], version: 1 }) { id title tags version } }"#,
        r#"{ "putItem": { "id": "{{uuid}}", "title": "Oars", "tags": ["a", "b"], "version": 1 } }"#,
    );
    let id = data.at(&["putItem", "id"]);
    let post = format!(r#"{{ "id": {id}, "title": "Oars", "version": 1 }}"#);
    api.check(
        &format!("{{ getItem(id: {id}) {{ id title version }} getItemInPipeline(id: {id}) {{ id title version }} }}"),
        &format!(r#"{{ "getItem": {post}, "getItemInPipeline": {post} }}"#),
    );
    api.check(r#"{ getItem(id: "none") { id } }"#, r#"{ "getItem": null }"#);

    api.check(
        &format!(r#"mutation {{ updateItem(input: {{ id: {id}, title: "Sculls" }}) {{ title tags version }} }}"#),
        r#"{ "updateItem": { "title": "Sculls", "tags": ["a", "b"], "version": 1 } }"#,
    );
    for version in [2, 3] {
        api.check(
            &format!(r#"mutation {{ updateIncrementCount(input: {{ id: {id}, title: "Sculls" }}) {{ title version }} }}"#),
            &format!(r#"{{ "updateIncrementCount": {{ "title": "Sculls", "version": {version} }} }}"#),
        );
    }
    for field in ["updateItem", "updateIncrementCount"] {
        let data = api.check_error(
            &format!(r#"mutation {{ {field}(input: {{ id: "none", title: "x" }}) {{ id }} }}"#),
            "DynamoDB:ConditionalCheckFailedException: The conditional request failed",
        );
        assert!(data.at(&[field]).is_null(), "{data}");
    }
    assert_eq!(api.count("Posts"), Some(1));

    for number in 0..11 {
        api.check(
            &format!(r#"mutation {{ putItem(input: {{ title: "{number}" }}) {{ title }} }}"#),
            &format!(r#"{{ "putItem": {{ "title": "{number}" }} }}"#),
        );
    }
    // Its limit is 10 where there is none.
    let sizes = |limit: &str| {
        let query = format!("{{ listItems({limit} nextToken: TOKEN) {{ items {{ id }} nextToken }} }}");
        let pages = api.pages(&query, &["listItems"], "items");
        pages.iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(sizes(""), [10, 2]);
    assert_eq!(sizes("limit: 5"), [5, 5, 2]);

    let delete = format!("mutation {{ deleteItem(id: {id}) {{ title version }} }}");
    api.check(&delete, r#"{ "deleteItem": { "title": "Sculls", "version": 3 } }"#);
    api.check(&delete, r#"{ "deleteItem": null }"#);
}

#[test]
fn samples_of_batches() {
    let Some(api) = samples() else { return };
    api.check(
        r#"mutation { batchPutItems(posts: [{ id: "1", title: "one", tags: ["a"] }, { id: "2", title: "two" }, { id: "3" }]) { id title tags } }"#,
        r#"{ "batchPutItems": [
            { "id": "1", "title": "one", "tags": ["a"] }, { "id": "2", "title": "two", "tags": null }, { "id": "3", "title": null, "tags": null }
        ] }"#,
    );
    assert_eq!(api.count("Posts"), Some(3));
    api.check(
        r#"{ batchGetItems(ids: ["2", "none", "1"]) { id title } }"#,
        r#"{ "batchGetItems": [{ "id": "2", "title": "two" }, null, { "id": "1", "title": "one" }] }"#,
    );
    // This sample has its keys below `keys`, as a BatchGetItem has them. The reference and the types of the helper package have a
    // list there, and so do we: it is refused, and deletes nothing.
    api.check_error(
        r#"mutation { batchDeleteItems(ids: ["1", "3"]) { id } }"#,
        "MappingTemplate: Expected JSON array for field '$[tables][Posts]' but got 'OBJECT' instead.",
    );
    assert_eq!(api.count("Posts"), Some(3));
    api.check_error(
        r#"{ batchGetItems(ids: ["2", "2"]) { id } }"#,
        "DynamoDB:DynamoDbException: Provided list of item keys contains duplicates",
    );
    api.check_error(
        r#"mutation { batchPutItems(posts: [{ id: "4" }, { id: "4" }]) { id } }"#,
        "DynamoDB:DynamoDbException: Provided list of item keys contains duplicates",
    );
}

#[test]
fn samples_of_queries() {
    let Some(api) = samples() else { return };
    let today = jiff::Timestamp::now().to_string();
    for item in [
        r#"{ "id": "e", "createdAt": "2024-05-01T00:00:00Z", "name": "Ada", "city": "Hamburg", "tags": ["boat", "river"] }"#
            .to_owned(),
        r#"{ "id": "e", "createdAt": "2024-05-02T00:00:00Z", "name": "Bo", "city": "Bergen", "tags": ["river"] }"#.to_owned(),
        format!(r#"{{ "id": "e", "createdAt": "{today}", "name": "Ada", "city": "Bergen" }}"#),
        format!(r#"{{ "id": "f", "createdAt": "{today}", "name": "Ada", "city": "Oldenburg" }}"#),
    ] {
        api.put("Entries", &item);
    }
    let check =
        |query: &str, expected: &str| api.check(&format!("{{ entries: {query} }}"), &format!(r#"{{ "entries": [{expected}] }}"#));
    let first = r#"{ "createdAt": "2024-05-01T00:00:00Z" }"#;
    let second = r#"{ "createdAt": "2024-05-02T00:00:00Z" }"#;
    let third = format!(r#"{{ "createdAt": "{today}" }}"#);
    let all = format!("{first}, {second}, {third}");

    check(r#"simpleQuery(id: "e") { createdAt }"#, &all);
    check(r#"simpleQuery(id: "none") { createdAt }"#, "");
    // Around midnight the resolver's day may be the next one.
    if jiff::Timestamp::now().to_string()[..10] == today[..10] {
        check(r#"allItemsToday(id: "e") { createdAt }"#, &third);
    }
    check(r#"pagination(id: "e", limit: 2) { createdAt }"#, &format!("{first}, {second}"));
    check(r#"pagination(id: "e", nextToken: null) { createdAt }"#, &all);
    check(
        r#"withContainsExpression(id: "e", tag: "boat") { createdAt tags }"#,
        r#"{ "createdAt": "2024-05-01T00:00:00Z", "tags": ["boat", "river"] }"#,
    );
    check(r#"withContainsExpression(id: "e", tag: "river") { createdAt }"#, &format!("{first}, {second}"));
    check(r#"withFilterOnIndex(name: "Ada", city: "Ham") { id city }"#, r#"{ "id": "e", "city": "Hamburg" }"#);
    check(r#"withFilterOnIndex(name: "Bo", city: "burg") { id }"#, "");
    // The sample has the condition beside the query and not in it, where the helper does not look.
    check(r#"withGreaterThan(id: "e", createdAt: "2024-05-01T12:00:00Z") { createdAt }"#, &all);
}
