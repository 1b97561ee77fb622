// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/recorder_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/option_reader.h"
#include "cmd/recorder/recorder_client.h"
#include "cmd/recorder/recorder_directory.h"
#include "cmd/recorder/status_text.h"
#include "cmd/stop.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using nlohmann::ordered_json;
using pcapng::Result;

struct Asked {
    std::string name;
    Result<ordered_json> answer;
};

// Returns the answers of all recorders, or of those of that name. Sockets of recorders that are
// gone aren't among them, and are removed if we may.
std::vector<Asked> ask_all(const std::string& name, const std::string& request) {
    std::vector<Asked> answers;
    for (const RecorderSocket& socket : list_recorder_sockets()) {
        if (!name.empty() && socket.name != name) {
            continue;
        }
        auto line = ask_recorder(socket.path, request);
        if (!line) {
            if (line.error().code == ECONNREFUSED) {
                unlink(socket.path.c_str());
            } else if (line.error().code != ENOENT) {
                answers.push_back({socket.name, line.error()});
            }
            continue;
        }
        auto answer = ordered_json::parse(*line, nullptr, false);
        if (!answer.is_object()) {
            answers.push_back({socket.name, pcapng::Error{"ask " + socket.path + ": no answer"}});
        } else if (answer.contains("error")) {
            const bool text = answer["error"].is_string();
            answers.push_back(
                {socket.name,
                 pcapng::Error{fmt::format(
                     "{}: {}", socket.name,
                     packet::printable(text ? answer["error"].get<std::string>() : "?"))}});
        } else {
            answers.push_back({socket.name, std::move(answer)});
        }
    }
    return answers;
}

int complain_of_none(const std::string& name) {
    print_message("pidcap: {}; captures with --ring, -C or -G are recorders\n",
                  name.empty() ? "no recorder is running"
                               : fmt::format("no recorder {} is running", packet::printable(name)));
    return kExitFailed;
}

int run_status(std::span<const std::string> arguments) {
    CommandLine line("status");
    const Option& json = line.flag("--json");
    const Option& help = line.flag("-h,--help");
    const Option& names = line.positionals("NAME");
    if (auto wrong = line.parse(arguments)) {
        return say(*wrong);
    }
    if (help.given()) {
        return say(help_of(line.name()));
    }
    if (names.count() > 1) {
        return say(line.usage_error("more than one name given"));
    }
    const std::string name = names.given() ? names.values.front() : std::string();
    const std::vector<Asked> answers = ask_all(name, R"({"request":"status"})");
    int status = answers.empty() ? kExitFailed : kExitDone;
    ordered_json all = ordered_json::array();
    for (const Asked& asked : answers) {
        if (!asked.answer) {
            print_message("pidcap: {}\n", asked.answer.error().message);
            status = kExitFailed;
        } else if (json.given()) {
            all.push_back(*asked.answer);
        } else {
            fmt::print("{}", status_text(*asked.answer));
        }
    }
    if (json.given()) {
        fmt::print("{}\n", all.dump(2, ' ', false, ordered_json::error_handler_t::replace));
    }
    return answers.empty() ? complain_of_none(name) : status;
}

// The only one that we may ask; or an error.
Result<std::string> only_recorder() {
    std::vector<std::string> names;
    for (const Asked& asked : ask_all({}, R"({"request":"status"})")) {
        if (asked.answer) {
            names.push_back(asked.name);
        }
    }
    if (names.size() > 1) {
        return pcapng::Error{fmt::format("several recorders are running: {}; choose with --name",
                                         fmt::join(names, ", "))};
    }
    return names.empty() ? std::string() : names.front();
}

int run_trigger(std::span<const std::string> arguments) {
    CommandLine line("trigger");
    const Option& note = line.value("--note");
    const Option& named = line.value("--name");
    const Option& help = line.flag("-h,--help");
    if (auto wrong = line.parse(arguments)) {
        return say(*wrong);
    }
    if (!line.others().empty()) {
        return say(line.usage_error(
            fmt::format("{}: no such option", packet::printable(line.others().front()))));
    }
    if (help.given()) {
        return say(help_of(line.name()));
    }
    if (note.count() > 1 || named.count() > 1) {
        return say(line.usage_error(
            fmt::format("{} is given twice", note.count() > 1 ? note.name : named.name)));
    }
    Result<std::string> name =
        named.given() ? Result<std::string>(named.values.front()) : only_recorder();
    if (!name) {
        print_message("pidcap: {}\n", name.error().message);
        return kExitFailed;
    }
    ordered_json request = {{"request", "trigger"}};
    if (note.given()) {
        request["note"] = note.values.front();
    }
    const std::string text = request.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    const std::vector<Asked> answers = ask_all(*name, text);
    if (answers.empty()) {
        return complain_of_none(*name);
    }
    int status = kExitDone;
    for (const Asked& asked : answers) {
        if (!asked.answer) {
            print_message("pidcap: {}\n", asked.answer.error().message);
            status = kExitFailed;
            continue;
        }
        fmt::print("{}", trigger_text(*asked.answer));
    }
    return status;
}

}  // namespace

std::optional<int> run_recorder_command(std::span<const std::string> arguments) {
    if (arguments.empty()) {
        return std::nullopt;
    }
    if (arguments.front() == "status") {
        return run_status(arguments.subspan(1));
    }
    if (arguments.front() == "trigger") {
        return run_trigger(arguments.subspan(1));
    }
    return std::nullopt;
}

}  // namespace cmd
