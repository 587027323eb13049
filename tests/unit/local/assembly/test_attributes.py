from collections.abc import Callable

from local.assembly import Resolver, api_id

type Make = Callable[..., Resolver]

STORES = {
    "Resources": {
        "Cache": {"Type": "AWS::ElastiCache::ServerlessCache", "Properties": {"ServerlessCacheName": "c"}},
        "Database": {"Type": "AWS::RDS::DBCluster"},
        "Proxy": {"Type": "AWS::RDS::DBProxy"},
        "Brokers": {"Type": "Custom::AWS", "Properties": {"Create": '{"action":"getBootstrapBrokers"}'}},
        "Sockets": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "WEBSOCKET"}},
        "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
    }
}


class TestEndpoints:
    def test_of_managed_stores_are_those_of_the_engines(self, resolver: Make) -> None:
        value = {
            "cache": {"Fn::Sub": "${Cache.Endpoint.Address}:${Cache.Endpoint.Port}"},
            "database": {"Fn::Sub": "${Proxy.Endpoint}:${Database.Endpoint.Port}"},
            "kafka": {"Fn::GetAtt": ["Brokers", "BootstrapBrokerStringSaslIam"]},
            "keyspaces": {"Fn::Sub": "cassandra.${AWS::Region}.${AWS::URLSuffix}:9142"},
        }
        assert resolver(main=STORES).resolve("main", value) == {
            "cache": "127.0.0.1:6002",
            "database": "127.0.0.1:6003",
            "kafka": "127.0.0.1:6001",
            "keyspaces": "127.0.0.1:6004",
        }

    def test_of_apis_are_served_here(self, resolver: Make) -> None:
        value = {
            "sockets": {"Fn::Sub": "wss://${Sockets}.execute-api.${AWS::Region}.${AWS::URLSuffix}/local"},
            "manage": {"Fn::Sub": "https://${Sockets}.execute-api.${AWS::Region}.${AWS::URLSuffix}/local"},
            "http": {"Fn::GetAtt": ["Http", "ApiEndpoint"]},
        }
        assert resolver(main=STORES).resolve("main", value) == {
            "sockets": "ws://127.0.0.1:7001/local",
            "manage": "http://127.0.0.1:7001/local",
            "http": "http://127.0.0.1:7002",
        }

    def test_of_traces_is_that_of_their_door(self, resolver: Make) -> None:
        value = {"Fn::Sub": "https://xray.${AWS::Region}.${AWS::URLSuffix}/v1/traces"}
        assert resolver(main=STORES).resolve("main", value) == "http://127.0.0.1:6006/v1/traces"

    def test_of_the_push_service_is_that_of_the_engine(self, resolver: Make) -> None:
        value = {"hosts": '["push-service.invalid"]', "trusted": "/push-service.invalid.pem"}
        assert resolver(main=STORES).resolve("main", value) == {
            "hosts": '["127.0.0.1:6005"]',
            "trusted": "/trusted/authority.pem",
        }

    def test_of_other_peoples_apis_stay_as_they_are(self, resolver: Make) -> None:
        url = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod"
        assert resolver(main=STORES).resolve("main", url) == url

    def test_api_ids_stay_the_same_from_run_to_run(self, resolver: Make) -> None:
        sockets = resolver(main=STORES).assembly.stacks["main"].resources["Sockets"]
        assert api_id(sockets) == api_id(resolver(main=STORES).assembly.stacks["main"].resources["Sockets"])
        assert len(api_id(sockets)) == 10
