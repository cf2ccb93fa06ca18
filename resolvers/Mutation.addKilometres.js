// @dataSource outings
import { util } from '@aws-appsync/utils';
import { operations, update } from '@aws-appsync/utils/dynamodb';

export function request(ctx) {
  const { boat, day, kilometres } = ctx.args;
  return update({
    key: { boat, day },
    update: { kilometres: operations.increment(kilometres) },
    condition: { boat: { attributeExists: true } },
  });
}

export function response(ctx) {
  if (ctx.error) {
    util.error(`${ctx.args.boat} was not out on ${ctx.args.day}.`, 'NotFound');
  }
  return ctx.result;
}
