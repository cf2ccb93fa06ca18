//! Containers that contain themselves are freed with the context, unless somebody still has them.

use std::cell::Cell;
use std::rc::Rc;

use velocity::{Context, Host, HostError, Limits, MapRef, Options, Template, Val};

/// Counts how many of its kind are alive.
struct Counted(Rc<Cell<usize>>);

impl Counted {
    fn value(alive: &Rc<Cell<usize>>) -> Val {
        alive.set(alive.get() + 1);
        Val::Host(Rc::new(Counted(Rc::clone(alive))))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Host for Counted {
    fn type_name(&self) -> &str {
        "Counted"
    }

    fn call(&self, _: &str, _: &[Val]) -> Result<Option<Val>, HostError> {
        Ok(None)
    }
}

fn run(context: &mut Context, source: &str) -> Option<Val> {
    let template = Template::parse(source, &Options::default()).unwrap_or_else(|errors| panic!("{source}: {errors:?}"));
    template.evaluate(context, &Limits::default()).unwrap_or_else(|error| panic!("{source}: {error}")).returned
}

#[test]
fn cycles_end_with_the_context() {
    for source in [
        "#set($m = {'h': $h})#set($x = $m.put('m', $m))",
        "#set($m = {'h': $h})#set($m.m = $m)",
        "#set($m = {'h': $h})#set($m['m'] = {'n': [$m]})",
        "#set($m = {'h': $h})#set($x = $m.putAll({'a': $m}))",
        "#set($m = {'h': $h})#set($x = $m.putIfAbsent('a', $m))",
        "#set($m = {'h': $h})#foreach($e in $m.entrySet())#set($x = $m.put('e', $e))#end",
        "#set($m = {'h': $h, 'x': 1})#foreach($e in $m.entrySet())#if($e.key == 'x')#set($x = $e.setValue($m))#end#end",
        "#set($l = [$h])#set($x = $l.add($l))",
        "#set($l = [$h])#set($x = $l.add(0, [$l]))",
        "#set($l = [$h])#set($x = $l.set(0, [$l, $h]))",
        "#set($l = [$h])#set($x = $l.addAll([$l]))",
        "#set($l = [$h])#set($x = $l.addAll(0, [[$l]]))",
        "#set($l = [$h])#set($x = $l.add($l.iterator()))",
        "#set($a = {'h': $h})#set($b = {'a': $a})#set($l = [$b])#set($a.l = $l)#set($a = 1)#set($b = 2)#set($l.x = 3)",
        "#set($d.a.h = $h)#set($d.a.d = $d)",
    ] {
        let alive = Rc::new(Cell::new(0));
        for _ in 0..3 {
            let mut context = Context::new();
            context.set("d", Val::from(&value::value!({"a": {}})));
            context.set("h", Counted::value(&alive));
            run(&mut context, source);
            assert_eq!(alive.get(), 1, "{source}: the context still has it");
            drop(context);
            assert_eq!(alive.get(), 0, "{source}");
        }
    }
}

#[test]
fn ten_thousand_evaluations_leave_nothing_behind() {
    let alive = Rc::new(Cell::new(0));
    let template = Template::parse("#set($m = {'h': $h})#set($x = $m.put('m', $m))", &Options::default()).expect("well formed");
    for _ in 0..10_000 {
        let mut context = Context::new();
        context.set("h", Counted::value(&alive));
        template.evaluate(&mut context, &Limits::default()).expect("nothing in it fails");
    }
    assert_eq!(alive.get(), 0);
}

#[test]
fn what_is_in_use_outlives_the_context_and_goes_later() {
    let alive = Rc::new(Cell::new(0));
    let ctx = MapRef::new();
    let mut context = Context::new();
    context.set("ctx", ctx.clone());
    context.set("h", Counted::value(&alive));
    let returned =
        run(&mut context, "#set($ctx.self = $ctx)#set($ctx.h = [$h])#set($r = {'ctx': $ctx, 'a': 1})#set($r.r = $r)#return($r)");
    drop(context);
    let returned = returned.expect("it returns a map");
    let inner = returned.as_map().and_then(|map| map.get("r")).expect("itself");
    assert_eq!(inner.as_map().and_then(|map| map.get("a")).and_then(|one| one.as_i64()), Some(1));
    assert_eq!(ctx.len(), 2);
    drop((returned, inner));
    drop(Context::new());
    assert_eq!((ctx.len(), alive.get()), (2, 1), "the surrounding program still has it");
    drop(ctx);
    drop(Context::new());
    assert_eq!(alive.get(), 0);
}

#[test]
fn long_cycles_are_freed_without_recursion() {
    let alive = Rc::new(Cell::new(0));
    let mut context = Context::new();
    context.set("h", Counted::value(&alive));
    run(
        &mut context,
        "#set($r = [1..300])#set($first = {'h': $h})#set($d = $first)\
         #foreach($i in $r)#foreach($j in $r)#set($n = {})#set($n.k = [$d])#set($d = $n)#end#end#set($first.d = $d)",
    );
    drop(context);
    assert_eq!(alive.get(), 0);
}

#[test]
fn cycles_made_without_a_context_do_not_pile_up() {
    let alive = Rc::new(Cell::new(0));
    let mut most = 0;
    for _ in 0..10_000 {
        let map = MapRef::new();
        map.insert("h".into(), Counted::value(&alive));
        map.insert("m".into(), Val::Map(map.clone()));
        most = most.max(alive.get());
    }
    assert!(most < 3_000, "{most} alive at once");
}
