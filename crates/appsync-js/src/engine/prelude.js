// Runs once per context, before any resolver code: gives the built-ins AppSync's behaviour, removes the ways to make code at
// run time, and freezes everything that resolver code can reach, so that nothing it does outlives an evaluation.
((host) => {
  "use strict";
  const { now, random, write, load, javaReplace, javaSplit } = host;
  const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const { ownKeys, construct, apply } = Reflect;
  const { test } = RegExp.prototype;
  const { parse, stringify } = JSON;
  const NativeDate = Date;
  const functionPrototype = Function.prototype;
  const { Iterator } = globalThis;

  const define = (object, key, value) =>
    defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  const hide = (object, key, value) =>
    defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true });

  // AppSync: "JSON.parse returns a blank string for invalid JSON".
  hide(JSON, "parse", function parseOrBlank(text, reviver) {
    let value;
    try {
      value = parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) return "";
      throw error;
    }
    return reviver === undefined ? value : parse(text, reviver);
  });

  // AppSync: a string as the pattern of replace, replaceAll and split is a Java regular expression. Patterns and
  // replacements without special characters mean the same in both.
  const special = /[\\^$.|?*+()[\]{}]/;
  const specialInReplacement = /[\\$]/;
  const { replace, replaceAll, split, trim } = String.prototype;
  const { slice } = Array.prototype;
  const call = (method, object, ...values) => apply(method, object, values);
  const javaPattern = (name, native, first) =>
    hide(String.prototype, name, {
      [name](pattern, replacement) {
        const plain = typeof pattern !== "string" || typeof replacement === "function";
        if (plain || !(call(test, special, pattern) || call(test, specialInReplacement, String(replacement)))) {
          return call(native, this, pattern, replacement);
        }
        return pattern === "" ? call(native, this, pattern, replacement) : javaReplace(first, String(this), pattern, String(replacement));
      },
    }[name]);
  javaPattern("replace", replace, true);
  javaPattern("replaceAll", replaceAll, false);
  hide(String.prototype, "split", {
    split(pattern, limit) {
      if (typeof pattern !== "string" || pattern === "" || !call(test, special, pattern)) return call(split, this, pattern, limit);
      const parts = javaSplit(String(this), pattern);
      return limit === undefined ? parts : call(slice, parts, 0, limit);
    },
  }.split);

  // Time and chance come from the session, so that evaluations can be repeated exactly.
  // The local zone is UTC, whatever the machine's is.
  const { parse: parseDate } = NativeDate;
  const zoneless = /^\s*[-+]?\d+-\d\d-\d\dT[\d:.,]+\s*$/;
  const zoned = (text) => (call(test, zoneless, text) ? `${call(trim, text)}Z` : text);
  for (const part of ["Date", "Day", "FullYear", "Hours", "Milliseconds", "Minutes", "Month", "Seconds"]) {
    hide(NativeDate.prototype, `get${part}`, NativeDate.prototype[`getUTC${part}`]);
    if (part !== "Day") hide(NativeDate.prototype, `set${part}`, NativeDate.prototype[`setUTC${part}`]);
  }
  hide(NativeDate.prototype, "getTimezoneOffset", { getTimezoneOffset: () => 0 }.getTimezoneOffset);
  hide(NativeDate.prototype, "toString", NativeDate.prototype.toUTCString);
  function SessionDate(...parts) {
    if (new.target === undefined) return new NativeDate(now()).toUTCString();
    if (parts.length === 0) return construct(NativeDate, [now()], new.target);
    if (parts.length > 1) return construct(NativeDate, [NativeDate.UTC(...parts)], new.target);
    return construct(NativeDate, [typeof parts[0] === "string" ? zoned(parts[0]) : parts[0]], new.target);
  }
  defineProperty(SessionDate, "name", { value: "Date", configurable: true });
  defineProperty(SessionDate, "length", { value: 7, configurable: true });
  SessionDate.prototype = NativeDate.prototype;
  hide(SessionDate, "now", () => now());
  hide(SessionDate, "parse", { parse: (text) => parseDate(zoned(String(text))) }.parse);
  hide(SessionDate, "UTC", NativeDate.UTC);
  hide(NativeDate.prototype, "constructor", SessionDate);
  hide(globalThis, "Date", SessionDate);
  hide(Math, "random", () => random());

  const text = (value) => (typeof value === "string" ? value : (stringify(value) ?? String(value)));
  const line = (values) => values.map(text).join(" ");
  hide(globalThis, "console", {
    log: (...values) => write(false, line(values)),
    error: (...values) => write(true, line(values)),
  });
  hide(globalThis, "util", host.modules[0].util);
  hide(globalThis, "extensions", host.modules[0].extensions);
  hide(globalThis, "runtime", host.modules[0].runtime);

  // No code from text: the constructors of all kinds of functions are reachable from any function.
  const generator = getPrototypeOf(function* () {});
  delete functionPrototype.constructor;
  delete generator.constructor;
  const keep = new Set(host.globals);
  for (const key of ownKeys(globalThis)) {
    if (typeof key === "string" && !keep.has(key)) delete globalThis[key];
  }

  // A frozen prototype would refuse `object.toString = ...` for every object below it. As an accessor, the inherited
  // property lets itself be shadowed.
  const shadowed = [];
  const shadowable = (object) => {
    for (const key of ownKeys(object)) {
      const { configurable, enumerable, writable, value } = getOwnPropertyDescriptor(object, key);
      if (!configurable || !writable) continue;
      shadowed.push(value);
      defineProperty(object, key, {
        get: () => value,
        set(replacement) {
          if (this === object) throw new TypeError(`'${String(key)}' is read-only`);
          define(this, key, replacement);
        },
        enumerable,
        configurable,
      });
    }
  };
  for (const prototype of [Object.prototype, functionPrototype]) shadowable(prototype);
  for (const key of ["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"]) {
    shadowable(globalThis[key].prototype);
  }

  const seen = new Set();
  const open = [...shadowed, globalThis, Iterator, host.modules, generator, getPrototypeOf(generator), generator.prototype];
  const samples = [
    [].values(), ""[Symbol.iterator](), new Map().entries(), new Set().values(), "".matchAll(/a/g),
    [].values().map((item) => item), Iterator.from({ next() {} }), Iterator.concat([]),
  ];
  for (const sample of samples) open.push(getPrototypeOf(sample));
  while (open.length > 0) {
    const value = open.pop();
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
    seen.add(value);
    open.push(getPrototypeOf(value));
    for (const key of ownKeys(value)) {
      const { value: member, get, set } = getOwnPropertyDescriptor(value, key);
      open.push(member, get, set);
    }
    freeze(value);
  }

  // What handlers rarely read is converted when they do.
  const context = () => ({
    get source() { const value = load(0); define(this, "source", value); return value; },
    set source(value) { define(this, "source", value); },
    get identity() { const value = load(1); define(this, "identity", value); return value; },
    set identity(value) { define(this, "identity", value); },
    get request() { const value = load(2); define(this, "request", value); return value; },
    set request(value) { define(this, "request", value); },
    get info() { const value = load(3); define(this, "info", value); return value; },
    set info(value) { define(this, "info", value); },
    get env() { const value = load(4); define(this, "env", value); return value; },
    set env(value) { define(this, "env", value); },
  });
  const error = (message) => {
    const error = new Error(message);
    hide(error, "name", "");
    return error;
  };
  const wellFormed = (text) => text.toWellFormed();
  const iso = (date) => {
    const time = date.getTime();
    return time === time ? date.toISOString() : null;
  };
  const { prototype } = Object;
  return [context, error, wellFormed, iso, prototype, NativeDate, Map, Set, ...host.modules];
})
