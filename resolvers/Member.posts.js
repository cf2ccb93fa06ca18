// @dataSource local
import { posts } from './shared/club';

// A field of a type has a resolver of its own where the parent's value does not hold it. `ctx.source` is that value.
export function request(ctx) {
  return { payload: posts.filter((post) => post.authorId === ctx.source.id) };
}

export function response(ctx) {
  return ctx.result;
}
