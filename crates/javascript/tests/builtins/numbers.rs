//! Numbers and `Math`.

use super::harness::check;

#[test]
fn numbers_become_text() {
    check(&[
        "[0, -0, 1, -1.5, 1e21, 1e-7, 123456789012345680000, 0.000001, 1.7976931348623157e308, 5e-324, 0.1 + 0.2, 100, 1e300].map(String)",
        "[(255).toString(16), (255).toString(2), (-255).toString(36), (0.5).toString(2), (0.1).toString(3), (2 ** 52).toString(36), NaN.toString(2), (-Infinity).toString(16), (3.14).toString(8), (1 / 3).toString(2), (123.456).toString(36)]",
        "(1).toString(1)",
        "(1).toString(37)",
        "[(1.005).toFixed(2), (1.45).toFixed(1), (0).toFixed(2), (-1.5).toFixed(0), (1e21).toFixed(2), (123.456).toFixed(), (0.000001).toFixed(7), NaN.toFixed(2), (2.5).toFixed(0), (-0.0000001).toFixed(2), (1e20).toFixed(2), (0.5).toFixed(0), (1.5).toFixed(0), (10.235).toFixed(2), (1234.5678).toFixed(20)]",
        "(1).toFixed(101)",
        "(1).toFixed(-1)",
        "[(123.456).toPrecision(4), (0.00001).toPrecision(1), (1e21).toPrecision(3), (123456).toPrecision(2), (2.5).toPrecision(1), (0).toPrecision(3), NaN.toPrecision(3), (1.25).toPrecision(2), (35).toPrecision(1), (99.99).toPrecision(3), (5).toPrecision(), (0.000123).toPrecision(2), (1e-7).toPrecision(3), (123).toPrecision(30)]",
        "(1).toPrecision(0)",
        "(1).toPrecision(101)",
        "[(123456).toExponential(2), (0).toExponential(), (0.00015).toExponential(), (-1.5e-9).toExponential(1), Infinity.toExponential(2), (12345).toExponential(), (25).toExponential(0), (0).toExponential(2), (1e300).toExponential(5)]",
        "(1).toExponential(-1)",
        "[(5).valueOf(), (1.5).toLocaleString(), (5).hasOwnProperty('x')]",
        "Number.prototype.toFixed.call('x', 2)",
    ]);
}

#[test]
fn text_becomes_numbers() {
    check(&[
        "['', ' ', '12', ' 12\\n', '1e3', '0x1F', '0b11', '0o17', '-0', '+5', '.5', '5.', '1_0', '12px', 'Infinity', '-Infinity', 'infinity', '0x', '-0x1', '1e1000', '\\ufeff7', '1 2', 'NaN', 'e5', '1e', '00012', '0.0000001'].map(Number)",
        "[Number(), Number(null), Number(undefined), Number(true), Number([]), Number([5]), Number([1, 2]), Number({}), Number('😀'), Number(new Date(5))]",
        "['42px', '  -17', '0x1f', '', 'abc', '3.9', '1e3', '-', '+8', '123456789012345678901234567890', '0b1', '\\u00a05'].map((x) => parseInt(x))",
        "[parseInt('ff', 16), parseInt('0xff', 16), parseInt('z', 36), parseInt('12', 2), parseInt('9', 8), parseInt('1', 1), parseInt('1', 37), parseInt('10', 0), parseInt('11', 2.9), parseInt('0x1', 10), parseInt(null), parseInt(1e21), parseInt(0.0000005), parseInt('-0'), parseInt('7', '010')]",
        "['3.14abc', '.5.5', '-.5', '1e', '1e+', '1e5x', 'Infinityx', '-Infinity', '', 'x', '0x10', '+1', '1_0', '  7', '-0', '5.'].map(parseFloat)",
        "[Number.isInteger(5), Number.isInteger(5.5), Number.isInteger('5'), Number.isInteger(Infinity), Number.isSafeInteger(9007199254740991), Number.isSafeInteger(9007199254740992), Number.isNaN(NaN), Number.isNaN('x'), isNaN('x'), isNaN(undefined), isFinite('5'), Number.isFinite('5'), isFinite(null), isFinite(Infinity)]",
        "[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.MAX_VALUE, Number.MIN_VALUE, Number.EPSILON, Number.POSITIVE_INFINITY, Number.NaN]",
        "[1 + null, 1 + undefined, 1 + true, '5' * '2', '5' - 2, null * 5, [] * 2, [3] * [4], {} + 1, +[], +{}, -'5', +'', 5 % -3, -5 % 3, 5.5 % 2, 0 / 0, 1 / -0]",
        "[2 ** 10, (-2) ** 3, 2 ** -1, NaN ** 0, 1 ** Infinity, (-8) ** (1 / 3), 0 ** 0]",
        "[5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 31, 1 << 32, -1 >>> 0, -1 >> 1, 2 ** 32 | 0, 2 ** 31 | 0, 1e21 | 0, NaN | 0, -1.9 | 0, '7' & 3]",
        "[1 < '2', '1' < 2, null < 1, undefined < 1, NaN < NaN, 'a' < 1, [2] > 1, null >= 0, null == 0, undefined == null, NaN == NaN, '1' == 1, true == '1', [1] == 1, [] == '', null == false, ({}) == '[object Object]']",
        "[0 === -0, NaN === NaN, Object.is(0, -0), Object.is(NaN, NaN), Object.is('a', 'a'), [] === [], null === undefined]",
    ]);
}

#[test]
fn math_computes() {
    check(&[
        "[Math.abs(-5), Math.abs(-0), Math.abs('x'), Math.abs(null), Math.abs()]",
        "[1.5, 2.5, -1.5, -0.5, 0.49999999999999994, -0.2, 4503599627370497.5, NaN, -Infinity, '2.5'].map(Math.round)",
        "[1.2, -1.2, -0.5, 5, NaN, -0].map((x) => [Math.floor(x), Math.ceil(x), Math.trunc(x), Math.sign(x)])",
        "[Math.max(), Math.min(), Math.max(1, '5', 3), Math.min(1, NaN), Math.max(-0, 0), Math.min(0, -0), Math.max(NaN, 1), Math.max([5]), Math.max(undefined, 1)]",
        "[Math.sqrt(2), Math.sqrt(-1), Math.cbrt(27), Math.hypot(3, 4), Math.hypot(), Math.hypot(NaN, Infinity), Math.pow(2, 0.5), Math.pow(1, Infinity)]",
        "[Math.log(Math.E), Math.log(0), Math.log2(8), Math.log10(1000), Math.log1p(0), Math.exp(0), Math.expm1(0), Math.log(-1)]",
        "[Math.sin(0), Math.cos(0), Math.tan(0), Math.asin(1), Math.acos(1), Math.atan(1), Math.atan2(1, 1), Math.atan2(-0, -1), Math.sinh(0), Math.cosh(0), Math.tanh(Infinity), Math.asinh(0), Math.acosh(1), Math.atanh(0)]",
        "[Math.clz32(1), Math.clz32(0), Math.clz32(-1), Math.imul(0xffffffff, 5), Math.imul(2, 4), Math.fround(5.5), Math.fround(5.05)]",
        "[Math.PI, Math.E, Math.LN2, Math.LN10, Math.LOG2E, Math.LOG10E, Math.SQRT2, Math.SQRT1_2]",
        "[typeof Math, String(Math), typeof Math.max, Math.max.name, Math.max.length, Math.missing]",
    ]);
}

#[test]
fn booleans_are_what_they_are() {
    check(&[
        "[Boolean(0), Boolean(''), Boolean('0'), Boolean(NaN), Boolean([]), Boolean(null), Boolean(), !!-0, true.toString(), false.valueOf(), String(true)]",
        "Boolean.prototype.toString.call(1)",
    ]);
}
