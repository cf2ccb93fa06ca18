// @dataSource local
import { members } from './shared/club';

// Each field of the query runs through two functions: `request` makes the request to the data source, `response` makes the
// field's value from its result.
export function request(ctx) {
  return { payload: members.find((member) => member.id === ctx.args.id) };
}

// No member with that id: the result is null, and so is the field. Query.post shows the other way, an error.
export function response(ctx) {
  return ctx.result;
}
