"""Every rule can fail: each line of CHANGES breaks the template in one place, and its rule must fail.

Guard passes a rule that finds no resource, so the template must not skip any rule.
"""

import copy
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

RULES = Path(__file__).parent
INFRA = RULES.parent
GUARD = os.environ.get("CFN_GUARD", str(INFRA.parent / ".tools/bin/cfn-guard"))

# Rules for resources that the template does not have; CHANGES adds one.
WITHOUT_A_RESOURCE = {
    "buckets_but_the_portals_are_versioned_and_logged",
    "distributions_but_ours_are_logged",
    "topics_but_ours_are_encrypted",
}

REMOVED = object()
STATEMENT = "Properties.Policies.0.PolicyDocument.Statement"
KEYS = "Condition.ForAllValues:StringLike.dynamodb:LeadingKeys"
DISTRIBUTION = "Distribution.Properties.DistributionConfig"


def allow(action, resource=None):
    return {"Effect": "Allow", "Action": action, "Resource": resource or {"Fn::GetAtt": "Table.Arn"}}


# (rule, place in the template's resources, new value); `+` appends to a list.
CHANGES = [
    # encryption.guard
    ("tables_are_encrypted", "Table.Properties.SSESpecification", REMOVED),
    ("tables_are_encrypted", "Table.Properties.SSESpecification.SSEEnabled", False),
    ("queues_are_encrypted", "DeadLetters.Properties.SqsManagedSseEnabled", REMOVED),
    ("queues_are_encrypted", "DeadLetters.Properties.SqsManagedSseEnabled", False),
    ("buckets_are_encrypted", "PortalBucket.Properties.BucketEncryption", REMOVED),
    ("buckets_are_encrypted", "PortalBucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration", []),
    ("buckets_are_private", "PortalBucket.Properties.PublicAccessBlockConfiguration", REMOVED),
    ("buckets_are_private", "PortalBucket.Properties.PublicAccessBlockConfiguration.BlockPublicAcls", REMOVED),
    ("buckets_are_private", "PortalBucket.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy", False),
    ("buckets_are_private", "PortalBucket.Properties.PublicAccessBlockConfiguration.IgnorePublicAcls", False),
    ("buckets_are_private", "PortalBucket.Properties.PublicAccessBlockConfiguration.RestrictPublicBuckets", False),
    ("buckets_have_no_acls", "PortalBucket.Properties.OwnershipControls", REMOVED),
    ("buckets_have_no_acls", "PortalBucket.Properties.OwnershipControls.Rules", []),
    ("buckets_have_no_acls", "PortalBucket.Properties.OwnershipControls.Rules.0.ObjectOwnership", "ObjectWriter"),
    ("bucket_policies_deny_plain_http", "PortalBucketPolicy.Properties.PolicyDocument.Statement.1", REMOVED),
    ("bucket_policies_deny_plain_http", "PortalBucketPolicy.Properties.PolicyDocument.Statement.1.Effect", "Allow"),
    (
        "bucket_policies_deny_plain_http",
        "PortalBucketPolicy.Properties.PolicyDocument.Statement.1.Action",
        "s3:GetObject",
    ),
    ("bucket_policies_deny_plain_http", "PortalBucketPolicy.Properties.PolicyDocument.Statement.1.Condition", REMOVED),
    ("buckets_have_policies", "PortalBucketPolicy", REMOVED),
    (
        "bucket_policies_allow_one_distribution",
        "PortalBucketPolicy.Properties.PolicyDocument.Statement.0.Principal",
        "*",
    ),
    (
        "bucket_policies_allow_one_distribution",
        "PortalBucketPolicy.Properties.PolicyDocument.Statement.0.Action",
        "s3:*",
    ),
    (
        "bucket_policies_allow_one_distribution",
        "PortalBucketPolicy.Properties.PolicyDocument.Statement.0.Condition",
        REMOVED,
    ),
    ("pages_redirect_to_https", f"{DISTRIBUTION}.DefaultCacheBehavior.ViewerProtocolPolicy", "allow-all"),
    ("pages_redirect_to_https", f"{DISTRIBUTION}.DefaultCacheBehavior.ViewerProtocolPolicy", REMOVED),
    ("api_is_https_only", f"{DISTRIBUTION}.CacheBehaviors.0.ViewerProtocolPolicy", "redirect-to-https"),
    ("api_is_https_only", f"{DISTRIBUTION}.CacheBehaviors.0.ViewerProtocolPolicy", REMOVED),
    ("own_certificates_need_tls_1_2", f"{DISTRIBUTION}.ViewerCertificate.Fn::If.1.MinimumProtocolVersion", "TLSv1"),
    ("own_certificates_need_tls_1_2", f"{DISTRIBUTION}.ViewerCertificate.Fn::If.1.MinimumProtocolVersion", REMOVED),
    ("own_certificates_need_tls_1_2", f"{DISTRIBUTION}.ViewerCertificate.Fn::If.2", {"AcmCertificateArn": "arn"}),
    ("own_certificates_need_tls_1_2", f"{DISTRIBUTION}.ViewerCertificate", {"AcmCertificateArn": "arn"}),
    ("origins_are_https_only", f"{DISTRIBUTION}.Origins.1.CustomOriginConfig.OriginProtocolPolicy", "match-viewer"),
    ("origins_are_https_only", f"{DISTRIBUTION}.Origins.1.CustomOriginConfig.OriginSSLProtocols.+", "TLSv1"),
    ("origins_are_https_only", f"{DISTRIBUTION}.Origins.1.CustomOriginConfig.OriginSSLProtocols", REMOVED),
    # records.guard
    ("tables_can_be_restored", "Table.Properties.PointInTimeRecoverySpecification", REMOVED),
    ("tables_can_be_restored", "Table.Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", False),
    ("tables_are_kept", "Table.DeletionPolicy", "Delete"),
    ("tables_are_kept", "Table.DeletionPolicy", "Retain"),
    ("tables_are_kept", "Table.UpdateReplacePolicy", REMOVED),
    ("tables_are_kept", "Table.Properties.DeletionProtectionEnabled", False),
    ("tables_are_on_demand", "Table.Properties.BillingMode", REMOVED),
    ("tables_are_on_demand", "Table.Properties.ProvisionedThroughput", {"ReadCapacityUnits": 5}),
    ("tables_purge", "Table.Properties.TimeToLiveSpecification", REMOVED),
    ("tables_purge", "Table.Properties.TimeToLiveSpecification.Enabled", False),
    ("tables_purge", "Table.Properties.TimeToLiveSpecification.AttributeName", "expiresAt"),
    ("user_pools_are_kept", "UserPool.DeletionPolicy", REMOVED),
    ("user_pools_are_kept", "UserPool.UpdateReplacePolicy", "Delete"),
    ("user_pools_are_kept", "UserPool.Properties.DeletionProtection", "INACTIVE"),
    # roles.guard
    ("functions_name_their_roles", "DealSeatsFunction.Properties.Role", REMOVED),
    ("functions_name_their_roles", "DealSeatsFunction.Properties.Policies", ["AmazonDynamoDBFullAccess"]),
    ("roles_have_no_policies_elsewhere", "DealSeatsRole.Properties.ManagedPolicyArns", ["arn:aws:iam::aws:policy/X"]),
    ("roles_have_no_policies_elsewhere", "Extra", {"Type": "AWS::IAM::Policy", "Properties": {}}),
    ("roles_have_no_policies_elsewhere", "Extra", {"Type": "AWS::IAM::RolePolicy", "Properties": {}}),
    ("roles_have_no_wildcards", f"ManageDealsRole.{STATEMENT}.1.Action", "*"),
    ("roles_have_no_wildcards", f"ManageDealsRole.{STATEMENT}.1.Action", "dynamodb:*"),
    ("roles_have_no_wildcards", f"ManageDealsRole.{STATEMENT}.2.Action.+", "dynamodb:Put*"),
    ("roles_have_no_wildcards", f"ManageDealsRole.{STATEMENT}.1.Resource", "*"),
    ("roles_have_no_wildcards", f"ManageDealsRole.{STATEMENT}.1.Resource", REMOVED),
    ("roles_have_no_wildcards", f"DealSeatsRole.{STATEMENT}.2.Resource.+", "arn:aws:dynamodb:eu-west-1:1:table/t"),
    ("roles_have_no_wildcards", f"DealSeatsRole.{STATEMENT}.2.Resource.+", {"Fn::Sub": "${Table.Arn}/index/*"}),
    ("roles_have_no_wildcards", f"DealSeatsRole.{STATEMENT}.2.Resource", {"Fn::Sub": "${Table.Arn}/*"}),
    (
        "roles_have_no_wildcards",
        f"DealSeatsRole.{STATEMENT}.+",
        {"Effect": "Allow", "NotAction": "iam:x", "Resource": []},
    ),
    ("roles_have_no_wildcards", f"DealSeatsRole.{STATEMENT}", allow("dynamodb:GetItem")),
    ("roles_are_for_services", "DealSeatsRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "1"}),
    ("roles_are_for_services", "DealSeatsRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal", "*"),
    ("roles_write_logs_to_groups_that_are_there", f"DealSeatsRole.{STATEMENT}.0.Action.+", "logs:CreateLogGroup"),
    ("roles_send_only_to_dead_letters", f"DealSeatsRole.{STATEMENT}.+", allow("sqs:SendMessage")),
    ("roles_send_only_to_dead_letters", f"ExpireInvitesRole.{STATEMENT}.4.Action", "sqs:ReceiveMessage"),
    ("grant_scopes_calls_no_service", f"GrantScopesRole.{STATEMENT}.+", allow("dynamodb:GetItem")),
    ("schedules_only_start_functions", f"ScheduleRole.{STATEMENT}.+", allow("lambda:UpdateFunctionCode")),
    *[
        (
            "roles_that_start_are_for_this_account",
            f"{role}.Properties.AssumeRolePolicyDocument.Statement.0.Condition",
            REMOVED,
        )
        for role in ("ScheduleRole", "DeleteUnconfirmedRole", "DeleteUnconfirmedScheduleRole")
    ],
    (
        "deletion_only_reads_and_deletes_users",
        f"DeleteUnconfirmedRole.{STATEMENT}.0.Action.+",
        "cognito-idp:AdminSetUserPassword",
    ),
    ("deletion_only_reads_and_deletes_users", f"DeleteUnconfirmedRole.{STATEMENT}.+", allow("cognito-idp:ListUsers")),
    (
        "deletion_only_reads_and_deletes_users",
        f"DeleteUnconfirmedScheduleRole.{STATEMENT}.0.Action",
        "states:StopExecution",
    ),
    *[
        ("mail_goes_from_the_sender", f"SendInvitesRole.{STATEMENT}.4.{place}", value)
        for place, value in (
            ("Action", "ses:SendBulkEmail"),
            ("Action.0", REMOVED),
            ("Action.1", REMOVED),
            ("Action.+", "ses:SendEmail"),
            ("Resource.0", REMOVED),
            ("Resource.1", REMOVED),
            ("Resource.2", REMOVED),
            ("Resource.+", {"Fn::Sub": "arn:x:identity/${Other}"}),
            ("Condition", REMOVED),
            ("Condition", {"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}}),
        )
    ],
    ("roles_have_no_wildcards", f"SendInvitesRole.{STATEMENT}.4.Resource.+", {"Fn::Sub": "arn:x:ses:x:identity/*"}),
    ("roles_have_no_wildcards", f"ResendInviteRole.{STATEMENT}.6.Action.+", "ses:PutSuppressedDestination"),
    ("answering_gives_no_seat", f"AnswerInviteRole.{STATEMENT}.+", allow("dynamodb:UpdateItem")),
    ("answering_gives_no_seat", f"AnswerInviteRole.{STATEMENT}.+", allow("dynamodb:PutItem")),
    ("answering_gives_no_seat", f"AnswerInviteRole.{STATEMENT}.+", allow("dynamodb:DeleteItem")),
    ("answering_gives_no_seat", f"AnswerInviteRole.{STATEMENT}.2.Condition", REMOVED),
    ("answering_gives_no_seat", f"AnswerInviteRole.{STATEMENT}.3.{KEYS}.+", "D#*"),
    (
        "answering_gives_no_seat",
        f"AnswerInviteRole.{STATEMENT}.3.Condition.ForAllValues:StringNotEquals.dynamodb:Attributes.0",
        REMOVED,
    ),
    ("answering_gives_no_seat", f"AnswerInviteRole.{STATEMENT}.2.{KEYS}.+", "M#*"),
    (
        "answering_gives_no_seat",
        f"AnswerInviteRole.{STATEMENT}.+",
        allow(["dynamodb:PutItem", "dynamodb:GetItem"])
        | {"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["M#*"]}}},
    ),
    ("roles_name_what_they_write", f"ManageDealsRole.{STATEMENT}.2.Condition", REMOVED),
    ("roles_name_what_they_write", f"ReleaseSeatRole.{STATEMENT}.3.{KEYS}.+", "*"),
    ("few_roles_count_seats", f"AnswerInviteRole.{STATEMENT}.2.Condition.ForAllValues:StringNotEquals", REMOVED),
    ("few_roles_count_seats", f"SendInvitesRole.{STATEMENT}.3.Condition", REMOVED),
    ("few_roles_count_seats", f"TrackDeliveryRole.{STATEMENT}.2.{KEYS}.+", "L#*"),
    ("few_roles_count_seats", f"TrackDeliveryRole.{STATEMENT}.3.{KEYS}.+", "D#*"),
    ("few_roles_count_seats", f"DeliverInvitesRole.{STATEMENT}.2.Action", ["dynamodb:PutItem", "dynamodb:DeleteItem"]),
    ("few_roles_count_seats", f"DealSeatsRole.{STATEMENT}.+", allow("dynamodb:UpdateItem")),
    ("digests_change_no_invite", f"SendDigestsRole.{STATEMENT}.+", allow("dynamodb:PutItem")),
    ("digests_change_no_invite", f"SendDigestsRole.{STATEMENT}.2.Condition", REMOVED),
    ("only_resending_unblocks_an_address", f"SendInvitesRole.{STATEMENT}.+", allow("ses:DeleteSuppressedDestination")),
    ("permissions_name_their_source", "DealSeatsPermission.Properties.SourceArn", REMOVED),
    ("permissions_name_their_source", "TrackDeliveryPermission.Properties.SourceArn", REMOVED),
    ("permissions_name_their_source", "TrackDeliveryPermission.Properties.SourceArn", {"Ref": "Alarms"}),
    ("permissions_name_their_source", "DealSeatsPermission.Properties.SourceArn", {"Fn::Sub": "arn:x:execute-api:*"}),
    ("permissions_name_their_source", "GrantScopesPermission.Properties.SourceArn", "*"),
    ("permissions_name_their_source", "GrantScopesPermission.Properties.Principal", "*"),
    # encryption.guard
    ("queues_take_only_our_topics_events", "LostEventsPolicy.Properties.PolicyDocument.Statement.0.Condition", REMOVED),
    # alarms.guard
    ("mail_events_have_a_policy_first", "MailEventDestination.DependsOn", REMOVED),
    (
        "mail_events_come_from_our_configuration_set",
        "MailEventsPolicy.Properties.PolicyDocument.Statement.0.Condition.StringEquals.aws:SourceArn",
        REMOVED,
    ),
    # functions.guard
    ("log_groups_expire", "ApiLogs.Properties.RetentionInDays", REMOVED),
    ("log_groups_expire", "DealSeatsLogs.Properties.RetentionInDays", 3653),
    ("log_groups_expire", "AuditLogs.Properties.RetentionInDays", REMOVED),
    ("log_groups_expire", "AuditLogs.Properties.RetentionInDays", 3653),
    ("functions_have_limits", "Globals.Function.Timeout", REMOVED),
    ("functions_have_limits", "Globals.Function.Timeout", 50),
    ("functions_have_limits", "DealSeatsFunction.Properties.Timeout", 50),
    ("functions_have_limits", "ExpireInvitesFunction.Properties.Timeout", 60),
    ("functions_have_limits", "Globals.Function.MemorySize", REMOVED),
    ("functions_have_limits", "Globals.Function.MemorySize", 10240),
    ("functions_have_limits", "SendInvitesFunction.Properties.MemorySize", 10240),
    ("functions_have_slots_of_their_own", "AcceptInviteFunction.Properties.ReservedConcurrentExecutions", REMOVED),
    ("functions_have_slots_of_their_own", "ExpireInvitesFunction.Properties.ReservedConcurrentExecutions", REMOVED),
    ("functions_run_on_al2023", "Globals.Function.Runtime", "provided.al2"),
    ("functions_run_on_al2023", "DealSeatsFunction.Properties.Runtime", "nodejs22.x"),
    ("functions_have_no_other_triggers", "DealSeatsFunction.Properties.Events", {"All": {"Type": "HttpApi"}}),
    ("functions_have_no_other_triggers", "DealSeatsFunction.Properties.FunctionUrlConfig", {"AuthType": "NONE"}),
    ("functions_have_no_other_triggers", "Extra", {"Type": "AWS::Lambda::Url", "Properties": {}}),
    ("schedules_do_not_pile_up", "ExpireInvitesSchedule.Properties.ScheduleExpression", "rate(10 seconds)"),
    ("schedules_do_not_pile_up", "ExpireInvitesSchedule.Properties.Target.RetryPolicy", REMOVED),
    ("schedules_do_not_pile_up", "ExpireInvitesSchedule.Properties.Target.RetryPolicy.MaximumRetryAttempts", 1),
    ("schedules_do_not_pile_up", "DeliverInvitesSchedule.Properties.Target.RetryPolicy.MaximumEventAgeInSeconds", 61),
    ("schedules_do_not_pile_up", "DeliverInvitesSchedule.Properties.Target.DeadLetterConfig", REMOVED),
    ("digests_go_once_a_day", "SendDigestsSchedule.Properties.ScheduleExpression", "rate(1 minute)"),
    ("digests_go_once_a_day", "SendDigestsSchedule.Properties.Target.RetryPolicy", REMOVED),
    ("digests_go_once_a_day", "SendDigestsSchedule.Properties.Target.DeadLetterConfig", REMOVED),
    ("digests_go_once_a_day", "SendDigestsFunction.Properties.EventInvokeConfig.DestinationConfig", REMOVED),
    ("sweeps_do_not_pile_up", "ExpireInvitesFunction.Properties.EventInvokeConfig", REMOVED),
    ("sweeps_do_not_pile_up", "ExpireInvitesFunction.Properties.EventInvokeConfig.MaximumRetryAttempts", 2),
    ("sweeps_do_not_pile_up", "DeliverInvitesFunction.Properties.EventInvokeConfig.MaximumEventAgeInSeconds", 300),
    ("sweeps_do_not_pile_up", "DeliverInvitesFunction.Properties.EventInvokeConfig.DestinationConfig", REMOVED),
    # api.guard
    ("routes_need_a_token_with_a_scope", "ListDealsRoute.Properties.AuthorizationType", "NONE"),
    ("routes_need_a_token_with_a_scope", "ListDealsRoute.Properties.AuthorizationType", REMOVED),
    ("routes_need_a_token_with_a_scope", "AcceptInviteRoute.Properties.AuthorizationScopes", REMOVED),
    ("routes_need_a_token_with_a_scope", "AcceptInviteRoute.Properties.AuthorizationScopes", []),
    ("routes_need_a_token_with_a_scope", "AcceptInviteRoute.Properties.AuthorizationScopes.+", {"Fn::Sub": "openid"}),
    ("routes_need_a_token_with_a_scope", "PreviewInviteRoute.Properties.RouteKey", "POST /api/invites/preview2"),
    ("routes_need_a_token_with_a_scope", "OptOutRoute.Properties.RouteKey", "GET /api/invites/opt-out"),
    (
        "routes_need_a_token_with_a_scope",
        "UnsubscribeRoute.Properties.RouteKey",
        "POST /api/invites/unsubscribe/{id}/x",
    ),
    (
        "strangers_reach_two_functions",
        "UnsubscribeDigestRoute.Properties.Target",
        {"Fn::Sub": "integrations/${ManageDealsIntegration}"},
    ),
    # API Gateway asks for no token where a route names no type.
    (
        "strangers_reach_two_functions",
        "UnsubscribeDigestRoute.Properties",
        {
            "RouteKey": "POST /api/digests/unsubscribe/{id}",
            "Target": {"Fn::Sub": "integrations/${ManageDealsIntegration}"},
        },
    ),
    ("routes_are_explicit", "PreviewInviteRoute.Properties.RouteKey", "$default"),
    ("routes_are_explicit", "ListDealsRoute.Properties.RouteKey", "ANY /api/deals"),
    ("routes_are_explicit", "ListDealsRoute.Properties.RouteKey", "GET /api/{proxy+}"),
    ("authorizers_know_issuer_and_audience", "Authorizer.Properties.JwtConfiguration.Audience", []),
    ("authorizers_know_issuer_and_audience", "Authorizer.Properties.JwtConfiguration.Audience", REMOVED),
    ("authorizers_know_issuer_and_audience", "Authorizer.Properties.AuthorizerType", "REQUEST"),
    ("stages_write_access_logs", "ApiStage.Properties.AccessLogSettings", REMOVED),
    ("stages_write_access_logs", "ApiStage.Properties.AccessLogSettings.DestinationArn", REMOVED),
    *[
        ("access_logs_identify_nobody", "ApiStage.Properties.AccessLogSettings.Format", f'{{"x":"{field}"}}')
        for field in (
            "$context.path",
            "$context.identity.sourceIp",
            "$context.identity.userAgent",
            "$context.authorizer.claims.sub",
            "$context.authorizer.error",
            "$context.error.message",
            "$context.requestIdentity",
            "$context.statusAndMore",
            "$request.querystring",
        )
    ],
    ("stages_are_throttled", "ApiStage.Properties.DefaultRouteSettings", REMOVED),
    ("stages_are_throttled", "ApiStage.Properties.DefaultRouteSettings.ThrottlingRateLimit", 10000),
    ("stages_are_throttled", "ApiStage.Properties.DefaultRouteSettings.ThrottlingBurstLimit", REMOVED),
    ("stages_are_throttled", "ApiStage.Properties.RouteSettings.GET /api/deals.ThrottlingRateLimit", REMOVED),
    ("stages_are_throttled", "ApiStage.Properties.RouteSettings.GET /api/deals.ThrottlingBurstLimit", 5000),
    ("integrations_speak_format_2", "DealSeatsIntegration.Properties.PayloadFormatVersion", "1.0"),
    ("integrations_speak_format_2", "DealSeatsIntegration.Properties.IntegrationType", "HTTP_PROXY"),
    ("integrations_speak_format_2", "DealSeatsIntegration.Properties.TimeoutInMillis", 5000),
    ("every_answer_has_the_headers", f"{DISTRIBUTION}.DefaultCacheBehavior.ResponseHeadersPolicyId", REMOVED),
    ("every_answer_has_the_headers", f"{DISTRIBUTION}.CacheBehaviors.0.ResponseHeadersPolicyId", REMOVED),
    ("every_answer_has_the_headers", "PortalHeaders.Properties.ResponseHeadersPolicyConfig", {"Name": "others"}),
    ("errors_are_not_replaced_by_pages", f"{DISTRIBUTION}.CustomErrorResponses", [{"ErrorCode": 404}]),
    # mail.guard
    (
        "links_are_not_tracked",
        "MailConfigurationSet.Properties.TrackingOptions",
        {"CustomRedirectDomain": "example.com"},
    ),
    ("engagement_is_not_measured", "MailConfigurationSet.Properties.VdmOptions", REMOVED),
    (
        "engagement_is_not_measured",
        "MailConfigurationSet.Properties.VdmOptions.DashboardOptions.EngagementMetrics",
        "ENABLED",
    ),
    *[
        (
            "opens_and_clicks_are_no_events",
            "Extra",
            {
                "Type": "AWS::SES::ConfigurationSetEventDestination",
                "Properties": {"EventDestination": {"MatchingEventTypes": types}},
            },
        )
        for types in ([], ["bounce", "open"], ["click"], ["BOUNCE"])
    ],
    ("mail_needs_tls", "MailConfigurationSet.Properties.DeliveryOptions", REMOVED),
    ("mail_needs_tls", "MailConfigurationSet.Properties.DeliveryOptions.TlsPolicy", "OPTIONAL"),
    (
        "complaints_and_bounces_are_suppressed",
        "MailConfigurationSet.Properties.SuppressionOptions.SuppressedReasons",
        ["BOUNCE"],
    ),
    ("complaints_and_bounces_are_suppressed", "MailConfigurationSet.Properties.SuppressionOptions", REMOVED),
    # signin.guard
    ("clients_have_no_secret", "UserPoolClient.Properties.GenerateSecret", True),
    ("people_do_not_choose_their_organisation", "UserPoolClient.Properties.WriteAttributes.+", "custom:org"),
    ("people_do_not_choose_their_organisation", "UserPoolClient.Properties.WriteAttributes", REMOVED),
    ("people_do_not_choose_their_organisation", "UserPoolClient.Properties.WriteAttributes", []),
    ("clients_do_not_reveal_accounts", "UserPoolClient.Properties.PreventUserExistenceErrors", REMOVED),
    ("clients_do_not_reveal_accounts", "UserPoolClient.Properties.PreventUserExistenceErrors", "LEGACY"),
    ("tokens_are_short_lived", "UserPoolClient.Properties.AccessTokenValidity", 60),
    ("tokens_are_short_lived", "UserPoolClient.Properties.AccessTokenValidity", REMOVED),
    ("tokens_are_short_lived", "UserPoolClient.Properties.TokenValidityUnits.AccessToken", "hours"),
    ("clients_use_the_code_flow", "UserPoolClient.Properties.AllowedOAuthFlows.+", "implicit"),
    ("clients_use_the_code_flow", "UserPoolClient.Properties.ExplicitAuthFlows.+", "ALLOW_USER_PASSWORD_AUTH"),
    ("clients_use_the_code_flow", "UserPoolClient.Properties.EnableTokenRevocation", False),
    *[
        ("pools_mail_from_their_own_identity", f"UserPool.Properties.EmailConfiguration.{place}", value)
        for place, value in (
            ("EmailSendingAccount", "COGNITO_DEFAULT"),
            ("From", {"Ref": "MailFrom"}),
            ("SourceArn", {"Fn::Sub": "arn:x:identity/${SenderIdentity}"}),
            ("ConfigurationSet", {"Ref": "MailConfigurationSet"}),
            ("ConfigurationSet", REMOVED),
        )
    ],
    ("pools_have_a_web_acl", "SignUpAclOfThePool", REMOVED),
    ("pools_have_a_web_acl", "SignUpAclOfThePool.Properties.WebACLArn", "arn"),
    ("web_acls_keep_no_requests", "SignUpAcl.Properties.VisibilityConfig.SampledRequestsEnabled", True),
    ("web_acls_keep_no_requests", "SignUpAcl.Properties.Rules.0.VisibilityConfig.SampledRequestsEnabled", True),
    ("web_acls_keep_no_requests", "Extra", {"Type": "AWS::WAFv2::LoggingConfiguration", "Properties": {}}),
    ("distributions_take_the_web_acl", f"{DISTRIBUTION}.WebACLId", REMOVED),
    ("distributions_take_the_web_acl", f"{DISTRIBUTION}.IPV6Enabled", True),
    ("our_distribution_keeps_no_requests", f"{DISTRIBUTION}.Logging", {"Bucket": "x.s3.amazonaws.com"}),
    ("our_distribution_keeps_no_requests", f"{DISTRIBUTION}.DefaultCacheBehavior.RealtimeLogConfigArn", "arn"),
    ("our_distribution_keeps_no_requests", f"{DISTRIBUTION}.CacheBehaviors.0.RealtimeLogConfigArn", "arn"),
    ("our_distribution_keeps_no_requests", "Extra", {"Type": "AWS::Logs::DeliverySource", "Properties": {}}),
    ("budgets_notify_somebody", "Budget.Properties.NotificationsWithSubscribers", REMOVED),
    ("budgets_notify_somebody", "Budget.Properties.NotificationsWithSubscribers", []),
    ("addresses_are_verified", "UserPool.Properties.AutoVerifiedAttributes", REMOVED),
    ("addresses_are_verified", "UserPool.Properties.UserAttributeUpdateSettings", REMOVED),
    # alarms.guard
    ("alarms_notify_somebody", "SweepLagAlarm.Properties.AlarmActions", REMOVED),
    ("alarms_notify_somebody", "SweepLagAlarm.Properties.AlarmActions", []),
    ("alarms_notify_somebody", "SweepLagAlarm.Properties.ActionsEnabled", False),
    ("alarms_notify_somebody", "SweepLagAlarm.Properties.TreatMissingData", REMOVED),
    ("a_missing_day_is_noticed", "DigestsAlarm.Properties.Period", 86400),
    ("a_missing_day_is_noticed", "DigestsAlarm.Properties.DatapointsToAlarm", REMOVED),
    ("a_missing_day_is_noticed", "DigestsAlarm.Properties.InsufficientDataActions", []),
    ("topics_take_only_this_account", "AlarmsPolicy.Properties.PolicyDocument.Statement.0.Condition", REMOVED),
    ("topics_take_only_this_account", "AlarmsPolicy.Properties.PolicyDocument.Statement.0.Principal", "*"),
    # exceptions.guard
    ("topics_but_ours_are_encrypted", "Extra", {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "x"}}),
    ("buckets_but_the_portals_are_versioned_and_logged", "Extra", {"Type": "AWS::S3::Bucket", "Properties": {}}),
    (
        "distributions_but_ours_are_logged",
        "Extra",
        {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"Enabled": True}}},
    ),
]


class Template(yaml.SafeLoader):
    """Reads short tags such as !Ref in the same way as Guard."""

    def tag(self, suffix, node):
        if isinstance(node, yaml.ScalarNode):
            value = self.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = self.construct_sequence(node, deep=True)
        else:
            value = self.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Template.add_multi_constructor("!", Template.tag)


def changed(template, path, value):
    template = copy.deepcopy(template)
    *steps, last = path.split(".") if path.startswith("Globals.") else ["Resources", *path.split(".")]
    place = template
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if last == "+":
        place.append(value)
    elif value is REMOVED:
        del place[int(last) if isinstance(place, list) else last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return template


def guard(data, rules=RULES):
    """The names of the passed, failed and skipped rules."""
    run = subprocess.run(
        [GUARD, "validate", "--rules", rules, "--data", data, "--structured", "-o", "json", "--show-summary", "none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, 19), run.stderr
    report = json.loads(run.stdout)
    passed, failed, skipped = set(), set(), set()
    for file in report:
        passed.update(file["compliant"])
        failed.update(rule["Rule"]["name"] for rule in file["not_compliant"])
        skipped.update(file["not_applicable"])
    return passed, failed, skipped


FILES = {
    name: file
    for file in RULES.glob("*.guard")
    for name in re.findall(r"^rule (\w+)", file.read_text(), flags=re.MULTILINE)
}


@pytest.fixture(scope="session")
def template():
    return yaml.load((INFRA / "template.yaml").read_text(), Template)


def test_the_template_skips_no_rule():
    passed, failed, skipped = guard(INFRA / "template.yaml")
    assert failed == set()
    assert skipped == WITHOUT_A_RESOURCE
    assert passed == FILES.keys() - WITHOUT_A_RESOURCE


def test_every_rule_has_a_change():
    assert {rule for rule, _, _ in CHANGES} == FILES.keys()


@pytest.mark.parametrize(("rule", "path", "value"), CHANGES, ids=[f"{rule}-{path}" for rule, path, _ in CHANGES])
def test_the_rule_fails(rule, path, value, template, tmp_path):
    data = tmp_path / "template.json"
    data.write_text(json.dumps(changed(template, path, value)))
    _, failed, _ = guard(data, FILES[rule])
    assert rule in failed


# ---- Guard cannot compare two places of the template, so these tests do ----------------------------------------------


def of_type(template, kind):
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def referred(value):
    return value.get("Ref") or value["Fn::GetAtt"].split(".")[0]


def functions(template):
    return of_type(template, "AWS::Serverless::Function")


def test_each_function_has_a_role_a_log_group_and_a_zip_of_its_own_name(template):
    resources = template["Resources"]
    for name, function in functions(template).items():
        parts = name.removesuffix("Function")
        binary = re.sub("(?!^)([A-Z])", r"-\1", parts).lower()
        assert function["CodeUri"] == f"../target/package/{binary}.zip"
        assert function["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{binary}"}
        assert referred(function["Role"]) == f"{parts}Role"
        # Without LoggingConfig, a function logs to the group of its own name.
        assert "LoggingConfig" not in function
        group = {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{binary}"}
        assert resources[f"{parts}Logs"]["Properties"]["LogGroupName"] == group
        [policy] = resources[f"{parts}Role"]["Properties"]["Policies"]
        assert referred(policy["PolicyDocument"]["Statement"][0]["Resource"]) == f"{parts}Logs"


def test_a_function_knows_its_timeout(template):
    of_all = template["Globals"]["Function"]
    for name, function in functions(template).items():
        own = function.get("Environment", {}).get("Variables", {})
        settings = of_all["Environment"]["Variables"] | own
        if "IgnoreGlobals" not in template["Resources"][name]:
            assert settings["FUNCTION_TIMEOUT"] == f"{function.get('Timeout', of_all['Timeout'])}s", name


def test_each_route_has_a_limit_in_a_stage_that_depends_on_the_routes(template):
    routes = of_type(template, "AWS::ApiGatewayV2::Route")
    [stage] = of_type(template, "AWS::ApiGatewayV2::Stage")
    limits = template["Resources"][stage]["Properties"]["RouteSettings"]
    assert sorted(limits) == sorted(route["RouteKey"] for route in routes.values())
    assert sorted(template["Resources"][stage]["DependsOn"]) == sorted(routes)


def test_the_gateway_may_call_each_function_with_an_integration(template):
    integrations = of_type(template, "AWS::ApiGatewayV2::Integration").values()
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    gateway = [one for one in permissions if one["Principal"] == "apigateway.amazonaws.com"]
    called = sorted(referred(one["IntegrationUri"]) for one in integrations)
    assert called == sorted(referred(one["FunctionName"]) for one in gateway)
