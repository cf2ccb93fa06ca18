// @dataSource local
// Who may read it is said in the schema: only the group `board` comes as far as this.
export function request() {
  return { payload: 1284.5 };
}

export function response(ctx) {
  return ctx.result;
}
