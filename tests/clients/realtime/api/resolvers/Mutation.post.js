// @dataSource none
export function request(ctx) {
  const { author, ...message } = ctx.args;
  return { payload: { ...message, kind: 'note', author: author ? { name: author, phone: '+41 44 000 00 00' } : null } };
}
export function response(ctx) { return ctx.result; }
