// @dataSource none
export function request(ctx) { return { payload: { name: ctx.args.name, phone: '+41 44 000 00 00' } }; }
export function response(ctx) { return ctx.result; }
