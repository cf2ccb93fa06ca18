//! Dates. QuickJS runs in UTC here, as the evaluator does.

use super::harness::check;

#[test]
fn dates_are_made() {
    check(&[
        "[new Date(0), new Date(5.9), new Date(-5.9), new Date(8.64e15), new Date(8.64e15 + 1), new Date('x'), new Date(NaN), new Date(undefined), new Date(null), new Date(true), new Date(new Date(7)), new Date('')]",
        "[new Date(2024, 0), new Date(2024, 0, 31, 12, 30, 15, 250), new Date(99, 0), new Date(2024, 12), new Date(2024, -1), new Date(2024, 1, 30), new Date(0, 0), new Date(100, 0), new Date(2024, NaN), new Date('2024', 0)]",
        "[Date.UTC(2024), Date.UTC(2024, 1, 29), Date.UTC(), Date.UTC(1970, 0, 1, 0, 0, 0, 1), Date.UTC(275760, 8, 13), Date.UTC(275760, 8, 13, 0, 0, 0, 1), Date.UTC(-1, 0), Date.UTC(2024, 0, 1, 25)]",
        "[Date.now(), typeof Date(), new Date().getTime()]",
    ]);
}

#[test]
fn dates_are_parsed() {
    check(&[
        "['2024-01-31', '2024-01', '2024', '2024-01-31T12:30', '2024-01-31T12:30:15', '2024-01-31T12:30:15.5', '2024-01-31T12:30:15.123456', '2024-01-31T12:30:15Z', '2024-01-31T12:30:15.250Z', '2024-01-31T12:30:15+02:00', '2024-01-31T12:30:15-0530', '+002024-01-31', '-000001-01-01', '2024-02-30', '2024-13-01', '2024-01-32', '2024-01-31T24:00:00Z', '2024-01-31T25:00:00Z'].map((x) => Date.parse(x))",
        "['Jan 31, 2024', '31 January 2024', 'January 31 2024 12:30', 'Wed, 31 Jan 2024 12:30:15 GMT', 'Wed Jan 31 2024 12:30:15 GMT+0100', 'Jan 31 2024 12:30 PM', 'Jan 31 2024 12:30 AM', '1/31/2024', '01/31/2024 10:20', 'hello', '2024/01/31', 'Jan 1 70', 'Jan 1 30'].map((x) => Date.parse(x))",
    ]);
}

#[test]
fn dates_are_read_and_changed() {
    check(&[
        "(() => { const d = new Date(Date.UTC(2024, 1, 29, 13, 14, 15, 16)); return [d.getFullYear(), d.getMonth(), d.getDate(), d.getDay(), d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds(), d.getTime(), d.valueOf(), d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCDay(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds(), d.getUTCMilliseconds()] })()",
        "(() => { const d = new Date(-1); return [d.getFullYear(), d.getMonth(), d.getDate(), d.getDay(), d.getHours(), d.getMilliseconds()] })()",
        "(() => { const d = new Date(NaN); return [d.getFullYear(), d.getDay(), d.getTime(), String(d), d.toJSON(), d.toUTCString(), d.toDateString()] })()",
        "new Date(NaN).toISOString()",
        "(() => { const d = new Date(0); return [d.setFullYear(2024), d.setMonth(1), d.setDate(31), d.setHours(25), d.setMinutes(61, 61, 1001), d.setSeconds(-1), d.setMilliseconds(5), d.setTime(77.7), d] })()",
        "(() => { const d = new Date(0); return [d.setUTCFullYear(2024, 1, 29), d.setUTCMonth(12, 1), d.setUTCDate(0), d.setUTCHours(1, 2, 3, 4), d.setUTCMinutes(5), d.setUTCSeconds(6, 7), d.setUTCMilliseconds(8)] })()",
        "(() => { const d = new Date(NaN); return [d.setMonth(1), d.setFullYear(2024), d.setHours(), new Date(0).setTime(), new Date(0).setDate('x')] })()",
        "[new Date(0).toISOString(), new Date(-62198755200000).toISOString(), new Date(253402300800000).toISOString(), new Date(1.7e12).toJSON(), new Date(1706704215250).toISOString()]",
        "[String(new Date(0)), new Date(0).toUTCString(), new Date(1706704215250).toDateString(), new Date(1706704215250).toUTCString(), new Date(-62198755200000).toUTCString(), new Date(-1e14).toDateString()]",
        "[new Date(1706704215250).toLocaleDateString(), new Date(1706704215250).toLocaleTimeString(), new Date(1706704215250).toLocaleString(), new Date(0).toLocaleTimeString()]",
        "[new Date(5) - new Date(3), new Date(5) + 1, new Date(5) > new Date(3), +new Date(7), `${new Date(0)}`, new Date(5) == new Date(5), JSON.stringify({ d: new Date(0) })]",
        "Date.prototype.getTime.call({})",
    ]);
}
