// @dataSource local
import type { Context } from '@aws-appsync/utils';
import { comments, type Post } from './shared/club';

export function request(ctx: Context<object, object, undefined, Post>) {
  return { payload: comments.filter((comment) => comment.postId === ctx.source?.id) };
}

export function response(ctx: Context) {
  return ctx.result;
}
