export const handler = async ({ authorizationToken }) => ({ isAuthorized: authorizationToken === 'custom-zoe' });
