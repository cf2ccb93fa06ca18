// @dataSource none
export function request(ctx) { return { payload: 'for keys' }; }
export function response(ctx) { return ctx.result; }
