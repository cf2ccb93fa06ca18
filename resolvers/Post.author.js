// @dataSource local
import { members } from './shared/club';

// `ctx.source` is the post as its resolver returned it: authorId is there although the schema does not show it to clients.
export function request(ctx) {
  return { payload: members.find((member) => member.id === ctx.source.authorId) };
}

export function response(ctx) {
  return ctx.result;
}
