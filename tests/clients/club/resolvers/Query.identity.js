// @dataSource none
export function request(ctx) { return { payload: ctx.identity }; }
export function response(ctx) { return ctx.result; }
