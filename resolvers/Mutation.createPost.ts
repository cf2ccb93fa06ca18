import { util, type Context } from '@aws-appsync/utils';

// A pipeline resolver, declared in config.toml: `request` runs before its functions, `response` after them. All of them share
// `ctx.stash`; each function finds the value of the one before in `ctx.prev.result`.
export function request(ctx: Context) {
  ctx.stash.now = util.time.nowISO8601();
  return {};
}

export function response(ctx: Context) {
  return ctx.prev.result;
}
