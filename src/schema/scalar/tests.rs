//! What each scalar takes and gives, as tables.

use value::Value;

use super::*;

/// `Ok` with JSON text, or the fault's sentence.
type Expected = Result<&'static str, &'static str>;

#[test]
fn variables_are_lenient_where_graphql_java_is() {
    const CASES: &[(&str, &str, Expected)] = &[
        ("Int", "1", Ok("1")),
        ("Int", "null", Ok("null")),
        ("Int", "1.0", Ok("1")),
        ("Int", "1e3", Ok("1000")),
        ("Int", r#""12""#, Ok("12")),
        ("Int", r#""+7""#, Ok("7")),
        ("Int", r#""1.0""#, Ok("1")),
        ("Int", "1.5", Err("Expected type 'Int' but was 'Double'.")),
        ("Int", "2147483647", Ok("2147483647")),
        ("Int", "2147483648", Err("Expected type 'Int' but was 'Long'.")),
        ("Int", "9223372036854775808", Err("Expected type 'Int' but was 'BigInteger'.")),
        ("Int", "1e400", Err("Expected type 'Int' but was 'BigDecimal'.")),
        ("Int", r#""x""#, Err("Expected type 'Int' but was 'String'.")),
        ("Int", r#"" 1""#, Err("Expected type 'Int' but was 'String'.")),
        ("Int", "true", Err("Expected type 'Int' but was 'Boolean'.")),
        ("Int", "[1]", Err("Expected type 'Int' but was 'ArrayList'.")),
        ("Int", "{}", Err("Expected type 'Int' but was 'LinkedHashMap'.")),
        ("Long", "9223372036854775807", Ok("9223372036854775807")),
        ("Long", r#""-9223372036854775808""#, Ok("-9223372036854775808")),
        ("Long", "9223372036854775808", Err("Expected type 'Long' but was 'BigInteger'.")),
        ("Float", "1", Ok("1")),
        ("Float", "1.10", Ok("1.10")),
        ("Float", r#""1.5""#, Ok("1.5")),
        ("Float", r#"".5""#, Ok("0.5")),
        ("Float", r#""NaN""#, Err("Expected type 'Float' but was 'String'.")),
        ("Float", r#""Infinity""#, Err("Expected type 'Float' but was 'String'.")),
        ("Boolean", "true", Ok("true")),
        ("Boolean", r#""TRUE""#, Ok("true")),
        ("Boolean", r#""yes""#, Ok("false")),
        ("Boolean", "0", Ok("false")),
        ("Boolean", "0.5", Ok("true")),
        ("Boolean", "[]", Err("Expected type 'Boolean' but was 'ArrayList'.")),
        ("String", r#""x""#, Ok(r#""x""#)),
        ("String", "5", Ok(r#""5""#)),
        ("String", "10.0", Ok(r#""10.0""#)),
        ("String", "12345678.5", Ok(r#""1.23456785E7""#)),
        ("String", "1e-4", Ok(r#""1.0E-4""#)),
        ("String", "true", Ok(r#""true""#)),
        ("String", r#"{"a":1,"b":[null,"x",{"c":1.5}]}"#, Ok(r#""{a=1, b=[null, x, {c=1.5}]}""#)),
        ("String", "[]", Ok(r#""[]""#)),
        ("ID", r#""a""#, Ok(r#""a""#)),
        ("ID", "12345678901234567890123", Ok(r#""12345678901234567890123""#)),
        ("ID", "1.5", Err("Expected type 'ID' but was 'Double'.")),
        ("ID", "true", Err("Expected type 'ID' but was 'Boolean'.")),
        ("AWSJSON", r#""{\"a\":[1]}""#, Ok(r#"{"a":[1]}"#)),
        ("AWSJSON", r#""\"text\"""#, Ok(r#""text""#)),
        ("AWSJSON", r#""{a}""#, Err("Unable to parse `{a}` as valid JSON.")),
        ("AWSJSON", r#"{"a":1}"#, Err("Unable to parse `{a=1}` as valid JSON.")),
        ("AWSTimestamp", "1600000000", Ok("1600000000")),
        ("AWSTimestamp", "-31557014167219200", Ok("-31557014167219200")),
        ("AWSPhone", r#""1110004444""#, Err("Unable to parse `1110004444` as a valid phone number.")),
        ("AWSDateTime", r#""2019""#, Err("Unable to parse `2019` as a valid DateTime Object.")),
        ("AWSDate", "5", Err("Unable to parse `5` as a valid date.")),
        ("AWSDate", r#""2019-12-24T04:15:57.798Z""#, Err("Unable to parse `2019-12-24T04:15:57.798Z` as a valid date.")),
        ("Money", r#"{"a":1}"#, Ok(r#"{"a":1}"#)),
    ];
    for (scalar, input, expected) in CASES {
        let input_value = Value::parse(input.as_bytes()).expect(input);
        let actual = Scalar::by_name(scalar).coerce_variable(&input_value);
        check(&format!("{scalar} {input}"), actual.map(|value| value.to_json()), *expected);
    }
    let fault = Scalar::AwsTimestamp.coerce_variable(&Value::from(31_556_889_864_403_200_i64)).expect_err("too late");
    assert!(fault.to_string().starts_with("Unable to parse `31556889864403200` as a valid timestamp. Ensure that"), "{fault}");
}

#[test]
fn literals_are_strict() {
    let string = |text: &str| Literal::String(text.into());
    let int = |text: &str| Literal::Int(text.into());
    let float = |text: &str| Literal::Float(text.into());
    let cases: &[(&str, Literal, Expected)] = &[
        ("Int", int("1"), Ok("1")),
        ("Int", int("-2147483648"), Ok("-2147483648")),
        ("Int", int("2147483648"), Err("Expected value to be in the Integer range but it was '2147483648'")),
        ("Int", float("1.0"), Err("Expected AST type 'IntValue' but was 'FloatValue'.")),
        ("Int", string("1"), Err("Expected AST type 'IntValue' but was 'StringValue'.")),
        ("Int", Literal::Null, Ok("null")),
        ("Int", Literal::Variable("x".into()), Err("Expected AST type 'IntValue' but was 'VariableReference'.")),
        ("Float", int("1"), Ok("1")),
        ("Float", float("1.50"), Ok("1.50")),
        ("Float", float("1e999"), Err("Expected value to be in the Float range but it was '1e999'")),
        ("Float", string("1"), Err("Expected AST type 'IntValue' or 'FloatValue' but was 'StringValue'.")),
        ("Long", int("9223372036854775807"), Ok("9223372036854775807")),
        ("Long", string("12"), Ok("12")),
        ("Long", int("9223372036854775808"), Err("Expected value to be in the Long range but it was '9223372036854775808'")),
        ("Long", float("1.0"), Err("Expected AST type 'IntValue' or 'StringValue' but was 'FloatValue'.")),
        ("String", string("x"), Ok(r#""x""#)),
        ("String", int("1"), Err("Expected AST type 'StringValue' but was 'IntValue'.")),
        ("String", Literal::Enum("X".into()), Err("Expected AST type 'StringValue' but was 'EnumValue'.")),
        ("ID", string("x"), Ok(r#""x""#)),
        ("ID", int("007"), Ok(r#""007""#)),
        ("ID", Literal::Boolean(true), Err("Expected AST type 'IntValue' or 'StringValue' but was 'BooleanValue'.")),
        ("Boolean", Literal::Boolean(true), Ok("true")),
        ("Boolean", string("true"), Err("Expected AST type 'BooleanValue' but was 'StringValue'.")),
        ("AWSDate", string("2020-02-29"), Ok(r#""2020-02-29""#)),
        ("AWSDate", string("2021-02-29"), Err("Unable to parse `2021-02-29` as a valid date.")),
        ("AWSDate", int("2020"), Err("Expected AST type 'StringValue' but was 'IntValue'.")),
        ("AWSJSON", string("[1,{}]"), Ok("[1,{}]")),
        ("AWSJSON", string("["), Err("Unable to parse `[` as valid JSON.")),
        ("AWSJSON", Literal::Object(Vec::new()), Err("Expected AST type 'StringValue' but was 'ObjectValue'.")),
        ("AWSJSON", Literal::List(Vec::new()), Err("Expected AST type 'StringValue' but was 'ArrayValue'.")),
        ("AWSTimestamp", int("-1"), Ok("-1")),
        ("AWSTimestamp", string("1"), Err("Expected AST type 'IntValue' but was 'StringValue'.")),
        ("AWSEmail", string("a@b"), Ok(r#""a@b""#)),
        ("AWSURL", string("a.b"), Err("Unable to parse `a.b` as a valid URL.")),
        (
            "Money",
            Literal::Object(vec![("a".into(), Literal::List(vec![Literal::Enum("X".into()), float("1.5"), Literal::Null]))]),
            Ok(r#"{"a":["X",1.5,null]}"#),
        ),
    ];
    for (scalar, literal, expected) in cases {
        let actual = Scalar::by_name(scalar).coerce_literal(literal);
        check(&format!("{scalar} {literal:?}"), actual.map(|value| value.to_json()), *expected);
    }
}

#[test]
fn results_are_written_as_the_scalar_says() {
    const CASES: &[(&str, &str, Expected)] = &[
        ("Int", "1", Ok("1")),
        ("Int", "1.0", Ok("1")),
        ("Int", r#""12""#, Ok("12")),
        ("Int", "null", Ok("null")),
        ("Int", "2147483648", Err("Expected type 'Int' but was 'Long'.")),
        ("Int", "true", Err("Expected type 'Int' but was 'Boolean'.")),
        ("Long", "2147483648", Ok("2147483648")),
        ("Float", "10", Ok("10.0")),
        ("Float", "0.1", Ok("0.1")),
        ("Float", r#""1.5""#, Ok("1.5")),
        ("Float", "{}", Err("Expected type 'Float' but was 'LinkedHashMap'.")),
        ("String", r#""a\"b""#, Ok(r#""a\"b""#)),
        ("String", "5", Ok(r#""5""#)),
        ("String", r#"{"a":1}"#, Ok(r#""{a=1}""#)),
        ("String", "[1,2.0]", Ok(r#""[1, 2.0]""#)),
        ("Boolean", "false", Ok("false")),
        ("Boolean", "2", Ok("true")),
        ("Boolean", r#""true""#, Ok("true")),
        ("Boolean", "{}", Err("Expected type 'Boolean' but was 'LinkedHashMap'.")),
        ("ID", "2", Ok(r#""2""#)),
        ("ID", r#""x""#, Ok(r#""x""#)),
        ("ID", "1.5", Err("Expected type 'ID' but was 'Double'.")),
        ("AWSJSON", r#"{"a":[1,"x"]}"#, Ok(r#""{\"a\":[1,\"x\"]}""#)),
        ("AWSJSON", r#""x""#, Ok(r#""\"x\"""#)),
        ("AWSJSON", "5", Ok(r#""5""#)),
        ("AWSDateTime", r#""2020-05-23T06:04:37.000Z""#, Ok(r#""2020-05-23T06:04:37.000Z""#)),
        (
            "AWSDateTime",
            r#""2020-05-23T06:4:37.000Z""#,
            Err("Unable to serialize `2020-05-23T06:4:37.000Z` as a valid DateTime Object."),
        ),
        ("AWSDateTime", "1600000000000", Err("Unable to serialize `1600000000000` as a valid DateTime Object.")),
        ("AWSTimestamp", "1600000000", Ok("1600000000")),
        ("AWSTimestamp", "1600000000.0", Ok("1600000000")),
        ("AWSEmail", r#""a""#, Err("Unable to serialize `a` as a valid email address.")),
        ("AWSURL", r#""https://a/b""#, Ok(r#""https://a/b""#)),
        ("AWSIPAddress", r#""::1/64""#, Ok(r#""::1/64""#)),
        ("AWSPhone", r#""+1 206-555-0100 x1""#, Err("Unable to serialize `+1 206-555-0100 x1` as a valid phone number.")),
        ("Money", r#"{"a":[1.50]}"#, Ok(r#"{"a":[1.50]}"#)),
    ];
    for (scalar, result, expected) in CASES {
        let value = Value::parse(result.as_bytes()).expect(result);
        let mut out = b"[".to_vec();
        let actual = Scalar::by_name(scalar).serialize(&value, &mut out);
        if actual.is_err() {
            assert_eq!(out, b"[", "a fault leaves the output alone");
        }
        let text = String::from_utf8(out.split_off(1)).expect("UTF-8");
        check(&format!("{scalar} {result}"), actual.map(|()| text), *expected);
    }
    let timestamp = Scalar::AwsTimestamp.serialize(&Value::from("2019-12-19 16:59:09.966"), &mut Vec::new());
    assert_eq!(
        timestamp.expect_err("no integer").to_string(),
        "Unable to serialize `2019-12-19 16:59:09.966` as a valid timestamp. Ensure that the value provided is an Integer that \
         lies within the limits specified in this scalar's description."
    );
}

fn check(case: &str, actual: Result<String, ScalarFault>, expected: Expected) {
    let actual = actual.map_err(|fault| fault.to_string());
    assert_eq!(actual.as_deref().map_err(String::as_str), expected, "{case}");
}

#[test]
fn formats_follow_the_developer_guide() {
    let cases: &[(Scalar, &[&str], &[&str])] = &[
        (
            Scalar::AwsDate,
            &[
                "1970-01-01",
                "1970-01-01Z",
                "1970-01-01-07:00",
                "1970-01-01+05:30",
                "2000-02-29",
                "-0001-12-31",
                "2020-01-01+01:02:03",
            ],
            &[
                "2020-02-30",
                "1900-02-29",
                "2020-13-01",
                "2020-00-01",
                "2020-1-1",
                "20200101",
                "2020-01-01T00:00Z",
                "2020-01-01+0800",
                "",
                "2020-01-01Zx",
            ],
        ),
        (
            Scalar::AwsTime,
            &["12:30", "12:30Z", "12:30:24-07:00", "12:30:24.500+05:30", "12:00:34.", "23:59:59.123456789"],
            &["24:00", "12:60", "12:30:60", "1:30", "12:30:24.1234567890", "12:30+19:00", "12:30+18:01", "T12:30", "12"],
        ),
        (
            Scalar::AwsDateTime,
            &["1970-01-01T00:00Z", "1970-01-01T12:00:00Z", "1970-01-01T12:00:00.123456789+05:30", "-0044-03-15T12:00:00-18:00"],
            &[
                "1970-01-01T12:00:00",
                "1970-01-01 12:00:00Z",
                "1970-01-01T12:00:00.Z",
                "2024-05-12T07:49:46+0000",
                "1970-02-30T00:00Z",
                "1970-01-01",
            ],
        ),
        (
            Scalar::AwsEmail,
            &["a@b", "jeff@example.com", "a.b+c@d.e", "\"a b\"@c.d", "é@ü.de", "a@[127.0.0.1]"],
            &["a", "@b", "a@", "a b@c", "a@b c", "a..b@c", "a@b..c", "a@b@c", "a@-b", "<a@b>"],
        ),
        (
            Scalar::AwsUrl,
            &[
                "https://www.amazon.com/dp/B000NZW3KC/",
                "mailto:example@example.com",
                "http://localhost",
                "http://localhost:3000/a?b=c//d#e",
                "ftp://u:p@h/x",
                "file:///etc",
                "http://[::1]:80/",
                "urn:a:b",
            ],
            &[
                "www.amazon.com",
                "localhost",
                "//a/b",
                "http://",
                "http://a/b//c",
                "http://a b",
                "1http://a",
                "http://a:99999/",
                "http://[::1",
                ":a",
            ],
        ),
        (
            Scalar::AwsPhone,
            &["+1 206-266-1000", "206-266-1000", "(206) 266-1000", "+44 20 7946 0958", "+49 30 901820"],
            &[
                "1110004444",
                "12",
                "abc",
                "+",
                "+1",
                "+1 000 000 0000",
                "206/266/1000",
                "",
                "99999999999999999999999",
                "+0",
                "٢٠٦٢٦٦١٠٠٠",
            ],
        ),
        (
            Scalar::AwsIpAddress,
            &["123.12.34.56", "10.0.0.0/8", "::ffff:10.0.0.0", "1a2b:3c4b::1234:4567", "::/128"],
            &["1a2b:::1", "256.1.1.1", "1.2.3", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "[::1]", "a", ""],
        ),
    ];
    for (scalar, valid, invalid) in cases {
        for text in *valid {
            assert!(scalar.coerce_variable(&Value::from(*text)).is_ok(), "{scalar:?} {text}");
        }
        for text in *invalid {
            assert!(scalar.coerce_variable(&Value::from(*text)).is_err(), "{scalar:?} {text}");
            assert!(scalar.serialize(&Value::from(*text), &mut Vec::new()).is_err(), "{scalar:?} {text}");
            assert!(scalar.coerce_literal(&Literal::String((*text).into())).is_err(), "{scalar:?} {text}");
        }
    }
}

#[test]
fn no_text_makes_a_scalar_panic() {
    use proptest::prelude::*;
    let scalars = [
        Scalar::Int,
        Scalar::Float,
        Scalar::AwsDate,
        Scalar::AwsTime,
        Scalar::AwsDateTime,
        Scalar::AwsEmail,
        Scalar::AwsJson,
        Scalar::AwsUrl,
        Scalar::AwsPhone,
        Scalar::AwsIpAddress,
    ];
    proptest!(ProptestConfig::with_cases(256), |(text in prop_oneof![".*", "[-+0-9 :.TZ/@()]{0,30}", "\\+[0-9]{1,18}"])| {
        for scalar in scalars {
            let value = Value::from(text.as_str());
            let in_result = scalar.coerce_variable(&value);
            let mut out = Vec::new();
            if scalar.serialize(&value, &mut out).is_ok() {
                prop_assert!(Value::parse(&out).is_ok());
            } else {
                prop_assert!(out.is_empty());
            }
            drop(in_result);
        }
    });
}
