// @dataSource local
import { util, type Context } from '@aws-appsync/utils';
import { posts } from './shared/club';

type Arguments = { category?: string | null; limit?: number | null };

export function request(ctx: Context<Arguments>) {
  const { category, limit } = ctx.args;
  const found = posts.filter((post) => !category || post.category === category);

  // Environment variables are always strings.
  const most = +ctx.env.MOST_POSTS;
  if (limit && limit > most) {
    // Unlike util.error, appendError does not end the resolver: the answer carries data and this error side by side.
    util.appendError(`At most ${most} posts are given at once.`, 'LimitCut', null, { asked: limit, given: most });
  }
  return { payload: found.slice(0, Math.min(limit ?? most, most)) };
}

export function response(ctx: Context) {
  return ctx.result;
}
