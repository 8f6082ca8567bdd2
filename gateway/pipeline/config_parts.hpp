// The parts of a configuration file, each read by its own source file.
//
// Threading  set-up only
// Errors     engine::config_error "file:line: reason"
#pragma once

#include "gateway/pipeline/config_section.hpp"

namespace millrace::gateway::detail {

[[nodiscard]] table_config read_table(const config_file& file, const config_node& node,
                                      const pipeline_config& config);
[[nodiscard]] client_config read_client(const config_file& file, const config_node& node,
                                        const pipeline_config& config);
[[nodiscard]] listener_config read_listener(const config_file& file, const config_node& node,
                                            const pipeline_config& config);
// The permissions of a socket's file.
[[nodiscard]] unsigned read_mode(const config_section& section, unsigned otherwise);
void read_admin(const config_file& file, const config_node& node, admin_config& admin);
[[nodiscard]] map_config read_map(const config_file& file, const config_node& node);
// `otherwise` holds the values of keys that are not there.
[[nodiscard]] engine::idle_config read_idle(const config_file& file, const config_node& node,
                                            const std::string& title,
                                            const engine::idle_config& otherwise);
// The keys of [[gateway]] that config_gateway.cpp knows.
void read_logon_keys(const config_section& section, gateway_config& gateway);
void read_transport_keys(const config_section& section, gateway_config& gateway);
// [[gateway.session]].
[[nodiscard]] session_config read_session(const config_file& file, const config_node& node);
// Of the stream of what a gateway has received.
[[nodiscard]] std::string default_where(const gateway_config& gateway);
// `retain = {age = "30d", bytes = "10GiB", segments = 100}`; nothing where the key is not there.
[[nodiscard]] engine::retention_policy read_retention(const config_section& section);
// Of [engine], then of one log's section; `otherwise` holds the values of keys that are not there.
[[nodiscard]] storage_config read_storage(const config_section& section,
                                          const storage_config& otherwise);
[[nodiscard]] storage_config read_log_storage(const config_section& section,
                                              const storage_config& otherwise);
[[nodiscard]] thread_config read_thread(const config_file& file, const config_node& node,
                                        const engine::idle_config& idle);

}  // namespace millrace::gateway::detail
