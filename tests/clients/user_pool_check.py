"""boto3 on a user pool inside Syncgate: sign-in, the own account, administration. Says `passed`."""

import sys
import urllib.request
import json

import boto3
from botocore.exceptions import ClientError

endpoint, pool = sys.argv[1:]
cognito = boto3.client("cognito-idp", region_name="eu-west-1", endpoint_url=endpoint)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def sign_in(username, password, flow="USER_PASSWORD_AUTH"):
    parameters = {"USERNAME": username, "PASSWORD": password}
    return cognito.initiate_auth(ClientId="web", AuthFlow=flow, AuthParameters=parameters)


# Clients.
result = sign_in("ann", "Correct-horse-1")["AuthenticationResult"]
assert result["TokenType"] == "Bearer" and result["ExpiresIn"] == 3600, result
user = cognito.get_user(AccessToken=result["AccessToken"])
assert user["Username"] == "ann", user
refused("NotAuthorizedException", sign_in, username="ann", password="wrong")
refused("InvalidPasswordException", cognito.sign_up, ClientId="web", Username="gil", Password="weak")
signed_up = cognito.sign_up(ClientId="web", Username="gil", Password="Correct-horse-1")
assert signed_up["UserConfirmed"], signed_up
refused("UsernameExistsException", cognito.sign_up, ClientId="web", Username="gil", Password="Correct-horse-1")
again = cognito.initiate_auth(
    ClientId="web", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": result["RefreshToken"]}
)["AuthenticationResult"]
assert again["AccessToken"] != result["AccessToken"]
cognito.global_sign_out(AccessToken=result["AccessToken"])
refused("NotAuthorizedException", cognito.get_user, AccessToken=result["AccessToken"])

# Administrators.
names = [user["Username"] for page in cognito.get_paginator("list_users").paginate(
    UserPoolId=pool, PaginationConfig={"PageSize": 1}) for user in page["Users"]]
assert sorted(names) == ["ann", "bob", "gil"], names
created = cognito.admin_create_user(
    UserPoolId=pool,
    Username="hal",
    TemporaryPassword="Temporary-horse-1",
    UserAttributes=[{"Name": "email", "Value": "hal@example.com"}, {"Name": "email_verified", "Value": "true"}],
)["User"]
assert created["UserStatus"] == "FORCE_CHANGE_PASSWORD" and created["UserCreateDate"].year > 2000, created
challenge = cognito.admin_initiate_auth(
    UserPoolId=pool,
    ClientId="web",
    AuthFlow="ADMIN_USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "hal", "PASSWORD": "Temporary-horse-1"},
)
assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED", challenge
answered = cognito.admin_respond_to_auth_challenge(
    UserPoolId=pool,
    ClientId="web",
    ChallengeName="NEW_PASSWORD_REQUIRED",
    Session=challenge["Session"],
    ChallengeResponses={"USERNAME": "hal", "NEW_PASSWORD": "Chosen-horse-1"},
)
assert answered["AuthenticationResult"]["AccessToken"], answered
cognito.admin_set_user_password(UserPoolId=pool, Username="hal", Password="Set-horse-1", Permanent=True)
assert sign_in("hal", "Set-horse-1")["AuthenticationResult"]
cognito.create_group(UserPoolId=pool, GroupName="guests", Precedence=5)
cognito.admin_add_user_to_group(UserPoolId=pool, Username="hal", GroupName="guests")
groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username="hal")["Groups"]
assert [group["GroupName"] for group in groups] == ["guests"], groups
cognito.admin_update_user_attributes(UserPoolId=pool, Username="hal", UserAttributes=[{"Name": "nickname", "Value": "H"}])
found = cognito.admin_get_user(UserPoolId=pool, Username="hal")
assert {"Name": "nickname", "Value": "H"} in found["UserAttributes"], found
cognito.admin_disable_user(UserPoolId=pool, Username="hal")
refused("NotAuthorizedException", sign_in, username="hal", password="Set-horse-1")
cognito.admin_enable_user(UserPoolId=pool, Username="hal")
cognito.admin_delete_user(UserPoolId=pool, Username="hal")
refused("UserNotFoundException", cognito.admin_get_user, UserPoolId=pool, Username="hal")
refused("ResourceNotFoundException", cognito.describe_user_pool, UserPoolId="eu-west-1_Nobody")
assert cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Id"] == pool
keys = json.load(urllib.request.urlopen(f"{endpoint}/{pool}/.well-known/jwks.json"))
assert len(keys["keys"]) == 1, keys
print("passed")
