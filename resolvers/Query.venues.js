// @dataSource venues
import { util } from '@aws-appsync/utils';

export function request() {
  return { method: 'GET', resourcePath: '/_upstream/venues', params: { headers: { accept: 'application/json' } } };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const { statusCode, body } = ctx.result;
  if (statusCode !== 200) {
    util.error(`The venue service answered ${statusCode}.`, 'VenueService', null, { statusCode });
  }
  return JSON.parse(body);
}
