// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/tls.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/keys/mapped_file.h"
#include "capture/tls/finder.h"
#include "capture/tls/recipe.h"
#include "cmd/command_line.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/stop.h"
#include "cmd/values.h"
#include "packet/line/terminal_text.h"
#include "pcapng/fd.h"

namespace cmd {
namespace {

using capture::tls::Finding;
using capture::tls::KeyLogFunction;
using capture::tls::Operand;
using capture::tls::PlaintextFunction;
using nlohmann::ordered_json;
using pcapng::Fd;
using pcapng::Result;

struct Looked {
    uint32_t pid = 0;  // 0: the file was named
    std::string path;
    Result<Finding> finding;
};

Looked look(std::string path, const Result<Fd>& file) {
    Looked looked{.pid = 0, .path = std::move(path), .finding = Finding{}};
    looked.finding = file ? capture::tls::find_tls(file->get()) : file.error();
    return looked;
}

Result<Fd> open_file(const std::string& path) {
    Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    return file.valid() ? Result<Fd>(std::move(file))
                        : pcapng::errno_error("can't be opened", errno);
}

struct NamedOperand {
    std::string_view name;
    const Operand& operand;
};
std::vector<NamedOperand> operands(const KeyLogFunction& function) {
    const auto& recipe = function.recipe;
    std::vector<NamedOperand> all = {{"label", recipe.label}};
    if (recipe.has_label_length) {
        all.push_back({"label_length", recipe.label_length});
    }
    all.push_back({"client_random", recipe.client_random});
    all.push_back({"secret", recipe.secret});
    all.push_back({"secret_length", recipe.secret_length});
    return all;
}

std::string words(std::string_view name) {
    std::string text(name);
    std::ranges::replace(text, '_', ' ');
    return text;
}

void print_text(const Looked& looked) {
    const std::string path = packet::printable(looked.path);
    const Finding& finding = *looked.finding;
    for (const KeyLogFunction& function : finding.functions) {
        fmt::print("{}: {}{}{}, function at {:#x}\n", path, function.library,
                   function.version.empty() ? "" : " ", function.version, function.file_offset);
        for (const NamedOperand& each : operands(function)) {
            fmt::print("  {:<14} {}\n", words(each.name),
                       operand_text(finding.machine, each.operand));
        }
    }
    for (const PlaintextFunction& function : finding.plaintext) {
        fmt::print("{}: {}{}{}, {} at {:#x}, returns at {:#x}\n", path, name_of(function.library),
                   function.version.empty() ? "" : " ", function.version, name_of(function.call),
                   function.file_offset, fmt::join(function.return_offsets, " "));
    }
    for (const auto* reasons : {&finding.unsupported, &finding.plaintext_unsupported}) {
        for (const std::string& reason : *reasons) {
            fmt::print("{}: {}\n", path, packet::printable(reason));
        }
    }
    if (!finding.has_tls && looked.pid == 0) {
        fmt::print("{}: no TLS library\n", path);
    }
}

ordered_json object(const Looked& looked) {
    ordered_json result;
    if (looked.pid != 0) {
        result["pid"] = looked.pid;
    }
    result["file"] = looked.path;
    if (!looked.finding) {
        result["error"] = looked.finding.error().message;
        return result;
    }
    const Finding& finding = *looked.finding;
    result["tls"] = finding.has_tls;
    result["functions"] = ordered_json::array();
    for (const KeyLogFunction& function : finding.functions) {
        ordered_json recipe;
        for (const NamedOperand& each : operands(function)) {
            recipe[std::string(each.name)] = operand_text(finding.machine, each.operand);
        }
        result["functions"].push_back({{"library", function.library},
                                       {"version", function.version},
                                       {"offset", function.file_offset},
                                       {"recipe", recipe}});
    }
    result["unsupported"] = finding.unsupported;
    result["plaintext"] = ordered_json::array();
    for (const PlaintextFunction& function : finding.plaintext) {
        result["plaintext"].push_back({{"library", name_of(function.library)},
                                       {"version", function.version},
                                       {"function", name_of(function.call)},
                                       {"offset", function.file_offset},
                                       {"returns", function.return_offsets}});
    }
    result["plaintext_unsupported"] = finding.plaintext_unsupported;
    return result;
}

class Report {
  public:
    explicit Report(bool json) : json_(json) {}

    void add_file(const std::string& path) { add(look(path, open_file(path))); }

    void add_process(uint32_t pid) {
        const auto files = capture::tls::mapped_files(pid);
        if (!files) {
            fail(files.error().code == ESRCH ? fmt::format("{}: no such process", pid)
                                             : files.error().message);
            return;
        }
        bool found = false;
        for (const capture::tls::MappedFile& file : *files) {
            Looked looked = look(file.path, capture::tls::open_mapped(file));
            looked.pid = pid;
            found |= looked.finding && looked.finding->has_tls;
            add(looked);
        }
        if (!found && !json_) {
            fmt::print("{}: no TLS library in the {} files that it runs code of\n", pid,
                       files->size());
        }
    }

    int finish() {
        if (json_) {
            fmt::print("{}\n",
                       objects_.dump(2, ' ', false, ordered_json::error_handler_t::replace));
        }
        return status_;
    }

  private:
    void add(const Looked& looked) {
        if (!looked.finding) {
            fail(fmt::format("{}: {}", packet::printable(looked.path),
                             looked.finding.error().message));
        } else if (!json_) {
            print_text(looked);
        }
        if (json_) {
            objects_.push_back(object(looked));
        }
    }
    void fail(const std::string& message) {
        print_message("pidcap: {}\n", message);
        status_ = kExitFailed;
    }

    bool json_;
    ordered_json objects_ = ordered_json::array();
    int status_ = kExitDone;
};

bool is_number(const std::string& word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::optional<int> run_tls_command(std::span<const std::string> arguments) {
    if (arguments.empty() || arguments.front() != "tls") {
        return std::nullopt;
    }
    CommandLine line("tls");
    const Option& json = line.flag("--json");
    const Option& help = line.flag("-h,--help");
    const Option& names = line.positionals("FILE");
    if (auto wrong = line.parse(arguments.subspan(1))) {
        return say(*wrong);
    }
    if (help.given()) {
        return say(help_of(line.name()));
    }
    if (!names.given()) {
        return say(line.usage_error("no file and no process given"));
    }
    Report report(json.given());
    for (const std::string& name : names.values) {
        if (!is_number(name)) {
            report.add_file(name);
        } else if (const auto pid = parse_number("PID", name, 1, UINT32_MAX)) {
            report.add_process(static_cast<uint32_t>(*pid));
        } else {
            return say(line.usage_error(pid.error().message));
        }
    }
    return report.finish();
}

}  // namespace cmd
