// @dataSource local
import type { Context } from '@aws-appsync/utils';
import { events } from './shared/club';

// Days written as YYYY-MM-DD compare as text. That `from` is such a day, AWSDate has checked before.
export function request(ctx: Context<{ from?: string | null }>) {
  const from = ctx.args.from;
  return { payload: events.filter((event) => !from || event.day >= from) };
}

export function response(ctx: Context) {
  return ctx.result;
}
