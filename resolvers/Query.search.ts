// @dataSource local
import type { Context } from '@aws-appsync/utils';
import { events, members, posts } from './shared/club';

function contains(text: string, term: string): boolean {
  return text.toLowerCase().indexOf(term) >= 0;
}

export function request(ctx: Context<{ term: string }>) {
  const term = ctx.args.term.toLowerCase();
  const found: object[] = [];
  for (const member of members) {
    if (contains(member.name, term)) found.push({ __typename: 'Member', ...member });
  }
  for (const post of posts) {
    if (contains(post.title, term) || contains(post.body, term)) found.push({ __typename: 'Post', ...post });
  }
  for (const event of events) {
    if (contains(event.name, term)) found.push({ __typename: 'Event', ...event });
  }
  return { payload: found };
}

export function response(ctx: Context) {
  return ctx.result;
}
