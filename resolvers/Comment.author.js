// @dataSource local
import { members } from './shared/club';

export function request(ctx) {
  return { payload: members.find((member) => member.id === ctx.source.authorId) };
}

export function response(ctx) {
  return ctx.result;
}
