// @dataSource none
export function request(ctx) { return { payload: 'the minutes' }; }
export function response(ctx) { return ctx.result; }
