// @dataSource local
import type { Context } from '@aws-appsync/utils';
import { events, members, posts } from './shared/club';

// Behind an interface or a union the server cannot know which type a value is of: `__typename` says it.
export function request(ctx: Context<{ id: string }>) {
  const id = ctx.args.id;
  const member = members.find((each) => each.id === id);
  if (member) {
    return { payload: { __typename: 'Member', ...member } };
  }
  const post = posts.find((each) => each.id === id);
  if (post) {
    return { payload: { __typename: 'Post', ...post } };
  }
  const event = events.find((each) => each.id === id);
  return { payload: event ? { __typename: 'Event', ...event } : null };
}

export function response(ctx: Context) {
  return ctx.result;
}
