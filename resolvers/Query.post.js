// @dataSource local
import { util } from '@aws-appsync/utils';
import { posts } from './shared/club';

export function request(ctx) {
  return { payload: posts.find((post) => post.id === ctx.args.id) };
}

export function response(ctx) {
  if (!ctx.result) {
    // util.error(message, type, data, info) ends the resolver. Of `data` the client sees what it selected on the field;
    // `info` it sees whole.
    util.error(`There is no post '${ctx.args.id}'.`, 'NotFound', { id: ctx.args.id }, { known: posts.map((post) => post.id) });
  }
  return ctx.result;
}
