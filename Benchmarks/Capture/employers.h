// Employers for measuring, made from a seed; all of them are fictional (虚构).
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char id[37], scope[20], name[128], uscc[19], address[200], phone[14], legal_rep[20];
    char industry[40], verified_on[11], notes[400];
    int headcount, contracts, insured, wage_day, lat, lon;
    int64_t arrears;
} Employer;

static const char *const CITIES[] = {
    "杭州", "宁波", "温州", "嘉兴", "湖州", "绍兴", "金华", "衢州", "台州", "丽水", "义乌", "慈溪"};
static const char *const DISTRICTS[] = {
    "西湖区", "上城区", "拱墅区", "滨江区", "萧山区", "余杭区", "临平区", "钱塘区", "富阳区",
    "临安区", "鄞州区", "海曙区"};
static const char *const ROADS[] = {
    "文三路", "天目山路", "教工路", "凤起路", "解放东路", "江南大道", "市心北路", "世纪大道",
    "人民中路", "工业园三路", "创业大街", "建国南路", "环城北路", "东湖路"};
static const char *const WORDS[] = {
    "恒信", "鼎盛", "华泰", "瑞丰", "中天", "宏远", "嘉禾", "盛达", "金桥", "新世纪", "安顺",
    "腾飞", "永兴", "广厦", "东方", "九州", "天成", "百盛", "万通", "联合"};
static const char *const TRADES[] = {
    "建筑劳务", "装饰工程", "餐饮管理", "服装", "物流", "机械制造", "电子科技", "物业服务",
    "家政服务", "人力资源", "食品加工", "市政园林"};
static const char *const FORMS[] = {
    "有限公司", "有限责任公司", "股份有限公司", "经营部", "服务中心", "厂"};
static const char *const INDUSTRIES[] = {
    "建筑业", "制造业", "住宿和餐饮业", "批发和零售业", "交通运输、仓储和邮政业", "居民服务业",
    "租赁和商务服务业", "信息技术服务业"};
static const char *const SURNAMES[] = {
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗"};
static const char *const GIVEN_NAMES[] = {
    "伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟",
    "涛", "明", "超", "秀兰", "霞", "平", "刚", "桂英", "建国", "志强", "晓东", "海燕"};
static const char *const NOTES[] = {
    "已现场核查用工台账，劳动合同签订情况正常。", "存在拖欠工资投诉，已责令限期改正。",
    "社保缴纳人数与在册人数不一致，需复查。", "法定代表人电话变更，新号码待确认。",
    "农民工工资专用账户已开设，保证金已缴存。", "门店已搬迁，下次走访请联系物业。",
    "实名制考勤设备故障，已通知维修。"};

static uint64_t random_state;

// SplitMix64.
static uint64_t next_random(void) {
    uint64_t z = (random_state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static uint32_t below(uint32_t limit) { return (uint32_t)(next_random() % limit); }

#define ANY(list) list[below(sizeof(list) / sizeof(list[0]))]

static void make_employer(Employer *e) {
    uint64_t a = next_random(), b = next_random();
    snprintf(e->id, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
             0x8000 | ((unsigned)(b >> 48) & 0x3fff), (unsigned long long)(b & 0xffffffffffffull));
    snprintf(e->scope, 20, "3301%02u-%03u-%03u", below(12) + 2, below(24), below(40));
    const char *city = ANY(CITIES);
    snprintf(e->name, 128, "%s%s%s%s", city, ANY(WORDS), ANY(TRADES), ANY(FORMS));
    strcpy(e->uscc, "9133");
    for (int i = 4; i < 18; i++) e->uscc[i] = "0123456789ABCDEFGHJKLMNPQRTUWXY"[below(31)];
    e->uscc[18] = 0;
    snprintf(e->address, 200, "浙江省%s市%s%s%u号%u幢%u室", city, ANY(DISTRICTS), ANY(ROADS),
             below(900) + 1, below(20) + 1, below(30) * 100 + below(20) + 101);
    snprintf(e->phone, 14, "1%u%09u", 30 + below(60), below(1000000000));
    snprintf(e->legal_rep, 20, "%s%s", ANY(SURNAMES), ANY(GIVEN_NAMES));
    strcpy(e->industry, ANY(INDUSTRIES));
    e->headcount = 1 + below(300);
    e->contracts = below(e->headcount + 1);
    e->insured = below(e->headcount + 1);
    e->wage_day = 1 + below(28);
    e->arrears = below(10) ? 0 : (int64_t)below(50000000);
    e->lat = 29000000 + below(1500000);
    e->lon = 119000000 + below(2000000);
    snprintf(e->verified_on, 11, "202%u-%02u-%02u", below(3) + 4, below(12) + 1, below(28) + 1);
    e->notes[0] = 0;
    int k = below(10);
    for (k = k < 4 ? 0 : k < 7 ? 1 : k < 9 ? 2 : 3; k > 0; k--) strcat(e->notes, ANY(NOTES));
}

static Employer *make_employers(uint64_t seed, int count) {
    random_state = seed;
    Employer *employers = malloc(sizeof(Employer) * (size_t)count);
    for (int i = 0; i < count; i++) make_employer(employers + i);
    return employers;
}
